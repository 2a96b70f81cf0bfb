// The control API as the page uses it. Its token comes in the address's fragment, which no server
// and no log sees; it is kept, so that the installed page finds its cars again.

const KEY = "fleetsim.token";

export class Unwelcome extends Error {}

export function takeToken() {
  const shown = new URLSearchParams(location.hash.slice(1)).get("token");
  if (shown) {
    localStorage.setItem(KEY, shown);
    history.replaceState(null, "", location.pathname);
  }
  return localStorage.getItem(KEY);
}

export function forgetToken() {
  localStorage.removeItem(KEY);
}

// The answer to a request, as JSON. Unwelcome: the token is missing or of another run.
export async function ask(path, body) {
  const answer = await fetch("/v1" + path, {
    method: body ? "POST" : "GET",
    headers: {
      Authorization: "Bearer " + (localStorage.getItem(KEY) ?? ""),
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
    cache: "no-store",
  });
  if (answer.status === 401) {
    throw new Unwelcome("the token is missing or of another run");
  }
  const said = await answer.json();
  if (!answer.ok) {
    throw new Error(said.detail ?? answer.statusText);
  }
  return said;
}

// All cars, page by page.
export async function listCars() {
  const cars = [];
  for (let next = "/vehicles?limit=1000"; next;) {
    const part = await ask(next);
    cars.push(...part.vehicles);
    next = part.next?.replace(/^\/v1/, "");
  }
  return cars;
}
