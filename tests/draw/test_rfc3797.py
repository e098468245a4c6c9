"""RFC 3797, section 6: the worked example that it publishes."""

from draw.rfc3797 import key_of, selection

KEY = "9319./2.5.8.10.12./9.18.26.34.41.45./"
#: the fourteenth is 9: MD5 B5D1403501A81F9A47318BE7893B347C leaves 4 when divided by 12, and the
#: fifth of the names that are left is the ninth
WINNERS = [17, 7, 2, 16, 25, 23, 8, 24, 19, 13, 22, 5, 18, 9, 1, 4]


def test_the_published_example_comes_out():
    assert key_of([[9319], [2, 5, 12, 8, 10], [9, 18, 26, 34, 41, 45]]) == KEY
    assert selection(KEY, names=25, wanted=16) == WINNERS


def test_everybody_comes_out_once_when_all_are_wanted():
    assert sorted(selection(KEY, names=25, wanted=25)) == list(range(1, 26))
