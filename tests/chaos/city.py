"""The people and tasks of one run, made before anything goes wrong."""

from server import create_app
from server.config import Settings
from tests.chaos.walkers import Person
from tests.world import PASSWORD, Caller, World

TASKS_PER_OFFICER = 1


class City:
    """Officers who lead one task each and assist on the next one's; a reserve; the office."""

    def __init__(self, settings: Settings, officers: int) -> None:
        self.world = World(create_app(settings))
        self.officers = [self.world.officer(f"officer-{n}") for n in range(officers)]
        self.reserve = self.world.officer("reserve")
        self.tasks: dict[str, tuple[Caller, Caller]] = {}
        for n, lead in enumerate(self.officers):
            for _ in range(TASKS_PER_OFFICER):
                assistant = self.officers[(n + 1) % officers]
                self.tasks[self.world.task(lead=lead, assistant=assistant)] = (lead, assistant)

    def person(self, n: int) -> Person:
        """Whoever carries the n-th device; the reserve carries one, too."""
        staff = [*self.officers, self.reserve]
        caller = staff[n % len(staff)]
        return Person(caller.user_id.removeprefix("u-"), PASSWORD, caller.officer_id or "")

    def close(self) -> None:
        """Let the database go."""
        self.world.parts.database.engine.dispose()
