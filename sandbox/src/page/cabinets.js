"use strict";
// The cabinets: what stands in their slots, and their bad days.

const WAYS = ["slow", "silent", "wrong_bank", "two_banks", "offline", "duplicate", "late", "clock_wrong"];
let seconds = 60;

function slot(cabinet, it) {
  const at = "/cabinets/" + cabinet.station_id, key = { "data-key": cabinet.station_id + " slot " + it.slot };
  const button = it.serial
    ? element("button", { ...key, onclick: () => act(at + "/remove", { slot: it.slot }) }, "take out")
    : element("button", { ...key, onclick: () => {
        const serial = window.prompt("Which bank (serial)?");
        if (serial) act(at + "/insert", { serial, slot: it.slot, battery_percent: 50 });
      } }, "put in");
  const kind = it.fault ? "slot faulty" : it.serial ? "slot" : "slot empty";
  const percent = it.battery_percent === undefined ? "" : " " + it.battery_percent + " % ";
  return element("div", { class: kind }, "slot " + it.slot, element("b", {}, it.serial || "empty"),
    it.fault ? "faulty: " + it.fault + " " : percent, button);
}

function cabinet(it) {
  const at = "/cabinets/" + it.station_id;
  const key = (what) => ({ "data-key": it.station_id + " " + what });
  const time = element("input", { type: "number", min: 0, max: 86400, value: seconds, "aria-label": "seconds" });
  time.oninput = () => { seconds = Number(time.value); };
  const odd = it.misbehaviour;
  return element("article", {},
    element("h3", {}, it.station_id, element("span", { class: "state " + it.connection }, it.connection),
      odd ? element("span", { class: "state odd" }, odd.how + " until " + clock(odd.until)) : null,
      it.waiting ? element("span", { class: "state" }, it.waiting + " waiting") : null),
    element("div", { class: "slots" }, ...it.slots.map((one) => slot(it, one))),
    element("div", { class: "row tools" }, "for", time, "s:",
      ...WAYS.map((how) => element("button",
        { ...key(how), onclick: () => act(at + "/misbehave", { how, for_seconds: seconds }) }, how)),
      element("button", { ...key("behave"), onclick: () => act(at + "/misbehave", { how: "slow", for_seconds: 0 }) }, "behave"),
      element("button", { ...key("inventory"), onclick: () => act(at + "/inventory", {}) }, "inventory")),
    element("ol", { class: "last" },
      ...it.last.slice().reverse().map((deed) => element("li", {}, clock(deed.at) + " " + deed.what))));
}

looks.push(async () => {
  const cabinets = (await ask("/cabinets")).items;
  if (cabinets.length) show("cabinets", cabinets, () => cabinets.map(cabinet));
});
