// A witness's phone: 32 random bytes are made here and leave only when they are opened.
// docs/draw.md says what is hashed, and why the dice come last.

const EVERY_MS = 2000;
const LABEL = "suijian/draw/v1/share";
const token = location.hash.slice(1);
const api = document.body.dataset.api;
const at = (id) => document.getElementById(id);

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (text) => Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
const grouped = (text, size) => text.match(new RegExp(`.{1,${size}}`, "g")).join(" ");

// H(T"share", reveal, witness): each part with its length before it, 4 bytes, big-endian.
async function sealOf(secret, code) {
  const words = new TextEncoder();
  const parts = [words.encode(LABEL), bytesOf(secret), words.encode(code)];
  const lengths = parts.map((part) => new Uint8Array([0, 0, part.length >> 8, part.length & 255]));
  const whole = parts.flatMap((part, place) => [...lengths[place], ...part]);
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(whole))));
}

class Fault extends Error {}

async function ask(method, step = "", body = undefined) {
  const answer = await fetch(api + step, {
    method,
    headers: { "X-Witness-Token": token, ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
    cache: "no-store",
  });
  const said = await answer.json();
  if (!answer.ok) throw new Fault(said.message);
  return said;
}

const nameOf = (watch) => `suijian/share/${watch.slot}/${watch.code}`;
const kept = (watch) => localStorage.getItem(nameOf(watch));

// Kept before its seal is handed in: a phone that is put away must not lose it.
async function seal(watch) {
  const secret = kept(watch) ?? hex(crypto.getRandomValues(new Uint8Array(32)));
  localStorage.setItem(nameOf(watch), secret);
  return ask("PUT", "/commitment", { commitment: await sealOf(secret, watch.code) });
}

const open = (watch) => ask("PUT", "/reveal", { reveal: kept(watch) });
const sign = () => ask("PUT", "/signature");

// What there is to say, and to do, at this moment: [words, the button's words, its act].
async function present(watch) {
  const own = watch.shares.find((share) => share.witness === watch.code);
  const mine = own && kept(watch) && (await sealOf(kept(watch), watch.code)) === own.commitment;
  const signing = watch.signed_at ? [] : ["我已在场见证，签名确认", sign];
  switch (watch.state) {
    case "frozen":
      if (mine) return ["封印已提交。请等待工作人员公布承诺，不要清除浏览器数据。"];
      if (own) return ["封印是在另一部手机上提交的。也可以在本机重新生成并替换。", "重新生成我的封印", seal];
      return ["请生成您的随机数：它只留在本机，现在只交出它的封印。", "生成并提交我的封印", seal];
    case "committed":
      if (!own) return ["承诺已公布。您没有提交封印，请继续观看。"];
      if (own.open) return ["您的封印已打开。接下来掷骰子，请看现场。"];
      if (mine) return [`请打开您的封印${deadline(watch)}。`, "打开我的封印", open];
      return ["本机没有您的随机数：到时由封印本身代替，抽取照常进行。"];
    case "drawn":
      return [watch.signed_at ? "抽取完成，您已签名。谢谢。" : "抽取完成。请核对骰子，再签名确认。", ...signing];
    default:
      return [watch.signed_at ? "本次抽取已公开放弃，您已签名。" : "本次抽取已公开放弃，请签名确认。", ...signing];
  }
}

function deadline(watch) {
  if (!watch.reveal_until) return "";
  const until = new Date(watch.reveal_until).toLocaleTimeString("zh-CN", { timeStyle: "short" });
  return `，截止 ${until}`;
}

function reached(watch) {
  const committed = watch.commitment !== null;
  const over = watch.state === "drawn" || watch.state === "abandoned";
  return {
    frozen: true,
    sealed: committed || watch.shares.some((share) => share.witness === watch.code),
    committed,
    opened: watch.state === "drawn" || watch.shares.some((s) => s.witness === watch.code && s.open),
    drawn: watch.state === "drawn",
    signed: over && watch.signed_at !== null,
  };
}

function showSteps(watch) {
  const done = reached(watch);
  let current = null;
  for (const item of at("steps").children) {
    item.classList.toggle("done", done[item.dataset.step]);
    item.removeAttribute("aria-current");
    if (!done[item.dataset.step]) current ??= item;
  }
  current?.setAttribute("aria-current", "step");
}

function showDigits(id, text, size) {
  at(id).hidden = !text;
  if (text) at(id).querySelector(".digits").textContent = grouped(text, size);
}

function showShares(watch) {
  at("shares").hidden = watch.shares.length === 0;
  const lines = watch.shares.map((share) => {
    const line = document.createElement("li");
    const whose = share.witness === watch.code ? "（您）" : "";
    line.textContent = `${share.witness}${whose}：${share.open ? "已打开" : "已封"}`;
    return line;
  });
  at("shares").querySelector("ul").replaceChildren(...lines);
}

async function show(watch) {
  at("who").textContent = `${watch.practice ? "【演练】" : ""}${watch.slot} 见证人 ${watch.code}`;
  showSteps(watch);
  showDigits("commitment", watch.commitment, 8);
  showDigits("dice", watch.dice, 5);
  showShares(watch);
  at("public").hidden = watch.state !== "drawn" && watch.state !== "abandoned";
  at("public").firstElementChild.href = `${document.body.dataset.public}/${watch.draw_id}`;
  const [words, label, act] = await present(watch);
  // Said once: a screen reader would read the same words again every two seconds.
  if (at("told").textContent !== words) at("told").textContent = words;
  at("act").hidden = !act;
  if (act) at("act").textContent = label;
  at("act").onclick = () => trying(() => act(watch));
}

function tell(fault) {
  at("fault").hidden = !fault;
  at("fault").textContent = fault ?? "";
}

async function trying(act) {
  at("act").disabled = true;
  try {
    await show(await act());
    tell(null);
  } catch (fault) {
    tell(fault instanceof Fault ? fault.message : "网络不通，正在重试…");
  } finally {
    at("act").disabled = false;
  }
}

async function watching() {
  if (!at("act").disabled) {
    try {
      await show(await ask("GET"));
      if (at("fault").textContent.startsWith("网络")) tell(null);
    } catch (fault) {
      tell(fault instanceof Fault ? fault.message : "网络不通，正在重试…");
    }
  }
  setTimeout(watching, EVERY_MS);
}

if (!token) tell("请用登记时收到的链接打开本页。");
else if (!globalThis.crypto?.subtle) tell("浏览器只在 https 地址上允许生成封印，请用 https 链接打开。");
else watching();
