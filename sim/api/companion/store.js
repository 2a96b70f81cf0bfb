// The last state of the cars, for a visit without a network.

const KEY = "fleetsim.last";
const MOST = 20; // cars; the shadow of each has some KB

export function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? { cars: [] };
  } catch {
    return { cars: [] };
  }
}

export function remember(cars, selected) {
  const known = cars.filter((car) => car.version > 0 || car === selected).slice(0, MOST);
  localStorage.setItem(KEY, JSON.stringify({ cars: known.map((car) => car.save()), selected: selected?.thing }));
}
