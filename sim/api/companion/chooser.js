// Which car it is about: all of the demo's, those that a search finds.

import { $, icon, make, setText } from "./dom.js";

const LISTED = 200; // cars at once: more are found by the search
const FEW = 8; // so many need no search

export const presenceWords = (car) => ({ online: "Online", asleep: "Asleep", offline: "Offline" })[car.presence];

// Are all words in what is known of the car? Its number is that of the control API.
export function matches(car, number, search) {
  const known = `${car.title} ${car.model} ${car.vin} ${presenceWords(car)} #${number}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => (/^#\d+$/.test(word) ? word === `#${number}` : known.includes(word)));
}

function row(app, car, choose) {
  const button = make(
    "button",
    { type: "button", class: "row", "aria-current": car === app.selected ? "true" : undefined },
    make("span", { class: "dot", "data-presence": car.presence }),
    make("span", { class: "name" }, car.title, make("small", {}, car.vin)),
    make("span", { class: "state" }, presenceWords(car)),
    icon("next"),
  );
  button.addEventListener("click", () => {
    $("cars").close();
    choose(car);
  });
  return make("li", {}, button);
}

function words(found, all) {
  if (found === 0) {
    return "No car is like that.";
  }
  if (found > LISTED) {
    return `The first ${LISTED} of ${found.toLocaleString("en")}: a search finds the others`;
  }
  return found < all ? `${found} of ${all.toLocaleString("en")}` : "";
}

function drawCars(app, choose) {
  const all = [...app.cars.values()];
  const search = $("car-search").value.trim();
  const found = search ? all.filter((car, i) => matches(car, i, search)) : all;
  $("car-list").replaceChildren(...found.slice(0, LISTED).map((car) => row(app, car, choose)));
  setText($("car-count"), words(found.length, all.length));
}

// choose(car): somebody has.
export function setUpChooser(app, choose) {
  const draw = () => drawCars(app, choose);
  $("chooser").addEventListener("click", () => {
    $("car-search").value = "";
    $("car-search").hidden = app.cars.size <= FEW;
    draw();
    $("cars").showModal();
  });
  $("car-search").addEventListener("input", draw);
  // Enter takes the first that is found.
  $("car-search").addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      $("car-list").querySelector("button")?.click();
    }
  });
}
