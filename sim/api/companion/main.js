// The companion page: an app for the cars of a `fleetsim demo`, in a browser. It asks the control API
// which cars there are, and talks to them by the cloud alone.

import { ask, forgetToken, listCars, takeToken, Unwelcome } from "./access.js";
import { showActivity, showNews } from "./activity.js";
import { Car } from "./car.js";
import { setUpCharge, showCharge } from "./charge.js";
import { presenceWords, setUpChooser } from "./chooser.js";
import { setUpClimate, showClimate } from "./climate.js";
import { Cloud } from "./cloud.js";
import { clickTime, Command } from "./command.js";
import { $, ago, setAttributes, setText } from "./dom.js";
import { setUpOverview, showOverview } from "./overview.js";
import { setUpPlace, showPlace } from "./place.js";
import { recall, remember } from "./store.js";

const KEPT = 100; // commands of a car
const KNOCK = 3000; // ms until the API is asked again

const app = {
  cars: new Map(), // by thing
  selected: undefined,
  cloud: { connected: false },
  trouble: "",
  act,
  draw,
};

// ---- commands --------------------------------------------------------------------------------------

const wake = (car) => ask("/sms", { to: car.msisdn, text: "wake" });

function act(wish, label, event, car = app.selected) {
  const command = new Command({ car, wish, label, clicked: clickTime(event), told });
  car.commands.unshift(command);
  car.commands.splice(KEPT);
  if (app.trouble) {
    command.refuse("NOT_SENT");
  } else {
    command.start(() => app.cloud, wake);
    told(command);
  }
}

function told(command) {
  if (command.car === app.selected && command === command.car.commands[0]) {
    showNews(command);
  }
  draw();
  if (command.status !== "pending") {
    setTimeout(draw, 2600); // the button's own mark goes
  }
}

// ---- what the cloud says -----------------------------------------------------------------------------

// rest: the levels behind "shadow".
function onShadow(thing, rest, document) {
  const car = app.cars.get(thing);
  const name = rest[0] === "name" ? rest[1] : "";
  const verb = rest.slice(-2).join("/");
  if (!car) {
    return;
  }
  if (verb === "get/accepted") {
    car.takeShadow(document, name);
  } else if (verb === "get/rejected" && document.code === 404) {
    car.takeNone(name);
  } else if (verb === "update/accepted" && !car.takeUpdate(document, name)) {
    app.cloud.read(thing, name);
  }
}

function onPresence(event) {
  const car = app.cars.get(event.clientId);
  car?.takePresence(event);
  if (!car && event.eventType === "connected" && event.clientId !== app.cloud.clientId) {
    listSoon(); // the fleet may grow for a while after the page has asked for it
  }
}

function onMessage(topic, document) {
  const levels = topic.split("/");
  if (levels[1] === "things") {
    onShadow(levels[2], levels.slice(4), document);
  } else if (levels[1] === "events") {
    onPresence(document);
  } else if (levels[0] === "cmd") {
    app.cars
      .get(levels[2])
      ?.commands.find((c) => c.id === document.requestId)
      ?.answer(document);
  }
  draw();
}

let patrol;

// The cloud may be away for a moment, or for good with its demo: another one has another address,
// and the page is let out to that of its own demo only (Content-Security-Policy).
async function lookAfterCloud() {
  try {
    const access = await ask("/companion");
    app.trouble = "";
    if (access.endpoint !== app.access.endpoint || access.password !== app.access.password) {
      location.reload();
    }
  } catch (error) {
    app.trouble = error instanceof Unwelcome ? "link" : "gone";
  }
  draw();
}

function onState(connected) {
  if (!connected) {
    patrol ??= setInterval(lookAfterCloud, KNOCK);
  } else {
    clearInterval(patrol);
    patrol = undefined;
    app.trouble = "";
    for (const car of app.cars.values()) {
      car.forget();
      car.commands.forEach((command) => command.retry());
    }
    listAgain();
  }
  draw();
}

// ---- cars --------------------------------------------------------------------------------------------

function select(car) {
  app.selected = car;
  app.cloud.follow?.(car.thing, car.shadows);
  $("news").hidden = true;
  setTab(location.hash.slice(1));
  draw();
}

function takeCars(listed) {
  const before = app.cars;
  app.cars = new Map(
    listed.map((one) => {
      const car = before.get(one.thing) ?? new Car(one);
      car.relist(one);
      return [one.thing, car];
    }),
  );
}

const firstCar = () => app.cars.values().next().value;

// Asks the API; what it tells of the way to the cloud. undefined: there are no cars yet.
async function list() {
  const cars = await listCars();
  const access = await ask("/companion"); // after them, so that their models are among it
  if (cars.length === 0) {
    return undefined;
  }
  takeCars(cars.map((car) => ({ ...car, ...access.models[car.model] })));
  return access;
}

// Which cars there are, and who is online, after a while in which nothing was heard.
async function listAgain() {
  try {
    await list();
    if (app.cars.get(app.selected.thing) !== app.selected) {
      select(firstCar());
    }
    app.cloud.follow(app.selected.thing, app.selected.shadows); // an update may have moved its signals
    draw();
  } catch (error) {
    console.warn("cars:", error.message);
  }
}

let listing;
function listSoon() {
  listing ??= setTimeout(() => {
    listing = undefined;
    listAgain();
  }, KNOCK);
}

async function begin() {
  const access = await list();
  app.trouble = "";
  if (!access) {
    setTimeout(knock, KNOCK);
    draw();
    return;
  }
  app.access = access;
  app.cloud = new Cloud(access, { message: onMessage, state: onState });
  const wanted = app.selected?.thing ?? recall().selected;
  select(app.cars.get(wanted) ?? firstCar());
}

// The demo may begin later than the page, which is of an earlier one then, kept for such times.
async function knock() {
  const late = app.trouble === "gone";
  try {
    if (!takeToken()) {
      throw new Unwelcome("no token");
    }
    if (late) {
      await ask("/companion");
      location.reload();
    } else {
      await begin();
    }
  } catch (error) {
    const unwelcome = error instanceof Unwelcome;
    app.trouble = unwelcome ? "link" : "gone";
    if (unwelcome) {
      forgetToken();
    } else {
      setTimeout(knock, KNOCK);
    }
    draw();
  }
}

// ---- tabs --------------------------------------------------------------------------------------------

const tabs = ["car", "climate", "charge", "place"];

// By which signal one knows that a car has what the tab is about.
const needed = { climate: "climate.active", charge: "charging.state", place: "position.latitude" };

function hasTab(name, car) {
  return !car || !needed[name] || car.version === 0 || car.has(needed[name]);
}

function setTab(wanted) {
  const name = tabs.includes(wanted) && hasTab(wanted, app.selected) ? wanted : "car";
  for (const tab of tabs) {
    $("tab-" + tab).hidden = tab !== name;
    setAttributes($("go-" + tab), { "aria-current": tab === name ? "page" : undefined });
  }
  $("main").scrollTop = 0;
}

// ---- drawing -----------------------------------------------------------------------------------------

function drawHead(car) {
  const connected = app.cloud.connected;
  setText($("title"), car?.title ?? "Companion");
  setAttributes($("presence"), { "data-presence": connected ? car?.presence : "unknown" });
  const away = car && car.presence !== "online" && car.seen ? ` · seen ${ago(car.seen)}` : "";
  setText(
    $("presence-words"),
    !car ? "" : connected ? presenceWords(car) + away : `Last state${car.seen ? ` · ${ago(car.seen)}` : ""}`,
  );
  const banner =
    {
      link: "Open the link that “fleetsim demo --companion” has printed: it lets this page in.",
      gone: "The demo cannot be reached. This is the last state that is known.",
    }[app.trouble] ?? (car && !connected ? "No connection to the cloud. Commands wait for it." : "");
  setText($("banner"), banner);
  $("banner").hidden = !banner || (!car && app.trouble === "link");
}

let due = false;
function draw() {
  if (!due) {
    due = true;
    requestAnimationFrame(drawNow);
  }
}

function drawNow() {
  due = false;
  const car = app.selected;
  drawHead(car);
  $("main").hidden = $("tabs").hidden = $("head").hidden = !car;
  $("welcome").hidden = Boolean(car);
  if (!car) {
    return;
  }
  tabs.forEach((tab) => ($("go-" + tab).hidden = !hasTab(tab, car)));
  showOverview(car);
  showClimate(car);
  showCharge(car);
  showPlace(app, car);
  if ($("log").open) {
    showActivity(car);
  }
  saveSoon();
}

let saving;
function saveSoon() {
  saving ??= setTimeout(() => {
    saving = undefined;
    remember([...app.cars.values()], app.selected);
  }, 1000);
}

// ---- the beginning -----------------------------------------------------------------------------------

function setUp() {
  [setUpOverview, setUpClimate, setUpCharge, setUpPlace].forEach((part) => part(app));
  setUpChooser(app, select);
  $("open-log").addEventListener("click", () => {
    $("log").showModal();
    showActivity(app.selected);
  });
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  }
  addEventListener("hashchange", () =>
    location.hash.startsWith("#token=") ? location.reload() : setTab(location.hash.slice(1)),
  );
  setInterval(draw, 20000); // "5 min ago"
}

// The page may run no script but its own: it says so itself of this one.
function keepFiles() {
  const policy = globalThis.trustedTypes?.createPolicy("companion", { createScriptURL: () => "sw.js" });
  navigator.serviceWorker
    ?.register(policy?.createScriptURL("") ?? "sw.js")
    .catch((error) => console.warn("offline:", error.message));
}

const last = recall();
takeCars(last.cars);
app.selected = app.cars.get(last.selected);
setUp();
setTab(location.hash.slice(1));
draw();
knock();
keepFiles();
