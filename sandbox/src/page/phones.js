"use strict";
// The phones: messages, payment prompts, a dialler, and the money that comes and goes.

const OUTCOMES = ["success", "failure", "never", "late", "twice", "storm", "wrong_amount", "wrong_payer", "unknown_word",
  "lost_answer", "lost_callback"];
const PAID = ["success", "failure", "never", "late", "twice", "duplicate", "lost_answer", "lost_callback", "error500", "expired"];
const SENT = ["success", "refused", "never", "error500", "lost_answer"];
const MOST = 200, BUTTONS = 40;
let phone = "", after = 0, messages = [], session = null;
const wayOf = new Map();

// As 255…, however it was written; empty where it is no number.
function number(written) {
  const digits = written.replace(/\D/g, "");
  if (/^255[67]\d{8}$/.test(digits)) return digits;
  if (/^0[67]\d{8}$/.test(digits)) return "255" + digits.slice(1);
  return /^[67]\d{8}$/.test(digits) ? "255" + digits : "";
}

function choose(which) {
  if (which !== phone) hangUp();
  phone = which;
  byId("whose").textContent = which ? "+" + which : "All phones";
  return act("/settings");
}

byId("pick").onsubmit = (event) => {
  event.preventDefault();
  const chosen = number(byId("number").value);
  if (chosen) choose(chosen); else trouble.textContent = "This is no Tanzanian mobile number.";
};

function known(all, prompts) {
  const waiting = new Map();
  for (const it of prompts) waiting.set(it.msisdn, (waiting.get(it.msisdn) || 0) + 1);
  const button = (it) => {
    const open = waiting.get(it);
    return element("button", { "data-key": "phone " + it, "aria-pressed": String(it === phone), onclick: () => choose(it) },
      it ? "+" + it : "All", open ? element("span", { class: "state pending" }, open + " to pay") : null);
  };
  show("known", [all, [...waiting], phone], () => ["", ...all].map(button));
}

function prompt(it) {
  const at = "/payments/prompts/" + it.transaction_id;
  const answer = (outcome) => act(at, { outcome });
  const ways = choice({ "aria-label": "another outcome", "data-key": it.transaction_id + " way" }, OUTCOMES,
    wayOf.get(it.transaction_id) || "success");
  ways.onchange = () => wayOf.set(it.transaction_id, ways.value);
  const named = (what) => ({ "data-key": it.transaction_id + " " + what });
  return element("article", { class: "prompt" },
    element("b", {}, "Pay " + shillings(it.amount) + " to ChajiPoa?"),
    element("small", {}, clock(it.at) + " +" + it.msisdn + " " + it.provider),
    element("div", { class: "row tools" },
      element("button", { class: "yes", ...named("yes"), onclick: () => answer("success") }, "Accept"),
      element("button", { class: "no", ...named("no"), onclick: () => answer("failure") }, "Refuse"),
      "or", ways,
      element("button", { ...named("so"), onclick: () => answer(ways.value) }, "Answer so")));
}

function message(it) {
  return element("article", { class: "text" },
    element("small", {}, clock(it.at) + " to " + it.to + (it.from ? " from " + it.from : "") + " by " + it.provider), it.text);
}

function moved(it) {
  const out = it.kind === "paid out", still = it.state === "failure" || it.state === "pending";
  return element("article", {},
    element("b", {}, (still ? "" : out ? "+ " : "− ") + shillings(it.amount)), element("span", { class: "state " + it.state }, it.state),
    element("small", {}, clock(it.at) + " +" + it.msisdn + " " + it.provider + (out ? ", paid out" : ", asked") +
      (it.callbacks ? ", told " + it.callbacks + "×" : "")));
}

const nothing = (words) => [element("p", { class: "nothing" }, words)];

looks.push(async () => {
  const prompts = (await ask("/payments/prompts?last=" + MOST)).items;
  const paid = (await ask("/payments/disbursements?last=" + MOST)).items;
  const fresh = (await ask("/sms/messages?after=" + after)).items;
  if (fresh.length) {
    after = fresh[fresh.length - 1].id;
    messages = fresh.reverse().concat(messages).slice(0, MOST);
  }
  const mine = (it) => !phone || (it.msisdn || it.to.slice(1)) === phone;
  const open = prompts.filter((it) => it.state === "pending" || it.state === "never").reverse();
  const all = new Set([...messages.map((it) => it.to.slice(1)), ...prompts.concat(paid).map((it) => it.msisdn)]);
  known([...new Set([phone, ...all])].filter((it) => it).slice(0, BUTTONS).sort(), open);
  const asked = open.filter(mine);
  show("prompts", asked, () => asked.length ? asked.map(prompt) : nothing("Nobody asks for money."));
  const read = messages.filter(mine);
  show("messages", [phone, read], () => read.length ? read.map(message) : nothing("None has come."));
  const money = prompts.filter((it) => !open.includes(it)).map((it) => ({ kind: "paid", ...it }))
    .concat(paid.map((it) => ({ kind: "paid out", ...it }))).filter(mine)
    .sort((one, other) => other.at.localeCompare(one.at));
  show("money", money, () => money.length ? money.map(moved) : nothing("None has moved."));
});

// The dialler: a code may be dialled deep (*149*46*20*1#); what follows is answered one screen at a time.
function hangUp(words) {
  session = null;
  byId("send").textContent = "Dial";
  byId("keys-label").textContent = "Code";
  byId("keys").value = "*149*46#";
  byId("hang-up").disabled = true;
  if (words !== undefined) byId("screen").textContent = words;
}
byId("hang-up").onclick = () => { hangUp("The session is over."); byId("keys").focus(); };

byId("dialler").onsubmit = async (event) => {
  event.preventDefault();
  const keys = byId("keys").value.trim();
  if (!phone) { trouble.textContent = "Choose a phone first."; return; }
  if (!session) {
    const parts = keys.replace(/^\*/, "").replace(/#$/, "").split("*");
    session = { service_code: "*" + parts.slice(0, 2).join("*") + "#", inputs: parts.slice(2) };
  } else {
    session.inputs.push(keys);
  }
  const { service_code, session_id, inputs } = session;
  const answer = await act("/ussd", { phone, text: inputs.join("*"), service_code, ...(session_id ? { session_id } : {}) });
  if (!answer) { hangUp("Connection problem or invalid code."); return; }
  if (answer.type === "END") { hangUp(answer.text); return; }
  session.session_id = answer.session_id;
  byId("screen").textContent = answer.text;
  byId("send").textContent = "Send";
  byId("keys-label").textContent = "Reply";
  byId("keys").value = "";
  byId("hang-up").disabled = false;
  byId("keys").focus();
};

byId("bill").onsubmit = async (event) => {
  event.preventDefault();
  const given = new FormData(byId("bill"));
  if (!phone) { trouble.textContent = "Choose a phone first."; return; }
  const answer = await act("/bill-pay", { msisdn: phone, bill: given.get("bill"), amount: Number(given.get("amount")),
    provider: given.get("provider") });
  byId("bill-answer").textContent = answer ? JSON.stringify(answer.payment || answer.name_lookup, null, 1) : "";
};

// What happens by itself.
async function settings() {
  const now = await ask("/settings");
  const one = (words, label, group, name) => {
    const made = choice({ id: "set-" + name + group }, words, now[group][name]);
    made.onchange = () => act("/settings", { [group]: { [name]: made.value } }, "PUT");
    return element("label", {}, label + " ", made);
  };
  byId("settings").onsubmit = (event) => event.preventDefault();
  byId("settings").replaceChildren(
    one(["ask", ...OUTCOMES], "Prompts", "payments", "default_outcome"),
    one(PAID, "Pay-outs", "payments", "disbursement_outcome"),
    one(["normal", "refused", "error500", "html", "empty", "lost_answer", "never"], "Checkout", "payments", "checkout"),
    one(SENT, "Messages", "sms", "default_outcome"), one(["delivered", "failed", "none"], "Reports", "sms", "report"));
}
addEventListener("DOMContentLoaded", () => settings().catch(() => {}));
