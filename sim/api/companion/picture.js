// The car from above: a drawing of its body, and over it what is open, lit, plugged in or warm.

import { setAttributes, svg } from "./dom.js";

// Metres, as in render/body.c: y from the nose, x from the middle. The drawings have room around them.
const ROOM = { side: 2.4, end: 1 };
const bodies = {
  hatch: {
    length: 4.26,
    half: 0.9,
    rows: [
      [1.43, 2.49],
      [2.49, 3.36],
    ],
    bonnet: 1.04,
    tail: 3.75,
    cabin: [1.2, 3.9],
    flap: 3.83,
    side: 1,
  },
  saloon: {
    length: 4.97,
    half: 0.95,
    rows: [
      [1.74, 2.8],
      [2.8, 3.72],
    ],
    bonnet: 1.34,
    tail: 4.3,
    cabin: [1.5, 4.2],
    flap: 4.33,
    side: -1,
  },
  suv: {
    length: 4.75,
    half: 0.96,
    rows: [
      [1.62, 2.66],
      [2.66, 3.58],
    ],
    bonnet: 1.2,
    tail: 4.35,
    cabin: [1.4, 4.4],
    flap: 1.3,
    side: -1,
  },
  van: {
    length: 5.93,
    half: 1.02,
    rows: [
      [1.16, 2.16],
      [2.34, 3.56],
    ],
    bonnet: 0.78,
    tail: 5.75,
    cabin: [1, 2.4],
    flap: 2.24,
    side: -1,
  },
  bus: { length: 12, half: 1.27, rows: [], bonnet: 0, tail: 12, cabin: [0.5, 11.5], flap: 2, side: 1 },
};
const SEEN = 0.45; // metres before the nose and behind the tail that are always to be seen

function drawing(name, body) {
  return svg("image", {
    href: `${name}.webp`,
    x: -ROOM.side,
    y: -ROOM.end,
    width: 2 * ROOM.side,
    height: body.length + 2 * ROOM.end,
  });
}

// The parts of the drawing of the open car that are seen while that is open: [signal, x, y, width, height].
function openings(body) {
  const [front, rear] = body.rows;
  if (!front) {
    return [];
  }
  const door = (name, side, row, next) => {
    const from = row[0] - 0.15;
    return [
      `doors.${name}`,
      side < 0 ? -ROOM.side : 0.62,
      from,
      ROOM.side - 0.62,
      (next ? next[0] - 0.15 : row[1] + 0.4) - from,
    ];
  };
  return [
    door("front_left", -1, front, rear),
    door("rear_left", -1, rear),
    door("front_right", 1, front, rear),
    door("rear_right", 1, rear),
    ["doors.hood", -1.1, -ROOM.end, 2.2, ROOM.end + body.bonnet + 0.2],
    ["doors.trunk", -1.6, body.tail - 0.25, 3.2, ROOM.end + 1.5],
  ];
}

function cone(body, side) {
  const x = side * body.half * 0.68;
  const far = x + side * 0.08;
  return svg("path", {
    d: `M${x - 0.12},0.25 L${far - 0.55},-1.2 L${far + 0.55},-1.2 L${x + 0.12},0.25 Z`,
    fill: "url(#beam)",
    filter: "url(#soft)",
  });
}

function cable(body) {
  const x = body.side * body.half;
  const end = body.side * (body.half + 0.75);
  return svg(
    "g",
    { class: "cable" },
    svg("path", {
      d: `M${x},${body.flap} C${x + body.side * 0.5},${body.flap} ${end - body.side * 0.4},${body.flap + 0.9} ${end},${body.flap + 0.9} L${body.side * 3},${body.flap + 0.9}`,
    }),
    svg("path", {
      class: "current",
      d: `M${body.side * 3},${body.flap + 0.9} L${end},${body.flap + 0.9} C${end - body.side * 0.4},${body.flap + 0.9} ${x + body.side * 0.5},${body.flap} ${x},${body.flap}`,
    }),
    svg("circle", { cx: x, cy: body.flap, r: 0.11 }),
  );
}

function gradient(id, colour, from, to) {
  return svg(
    "linearGradient",
    { id, x1: 0, y1: 1, x2: 0, y2: 0 },
    svg("stop", { offset: 0, "stop-color": colour, "stop-opacity": from }),
    svg("stop", { offset: 1, "stop-color": colour, "stop-opacity": to }),
  );
}

function glow(id, colour) {
  return svg(
    "radialGradient",
    { id },
    svg("stop", { offset: 0, "stop-color": colour, "stop-opacity": 0.85 }),
    svg("stop", { offset: 1, "stop-color": colour, "stop-opacity": 0 }),
  );
}

function lamp(body, side, y, paint) {
  return svg("circle", { cx: side * body.half * 0.78, cy: y, r: 0.5, fill: `url(#${paint})` });
}

// All of it once for each body; what is not so is hidden.
function build(name) {
  const body = bodies[name];
  const parts = {};
  const layers = [];
  openings(body).forEach(([path, x, y, width, height], i) => {
    const clip = `open-${i}`;
    parts[path] = svg("g", { "clip-path": `url(#${clip})` }, drawing(name + "_open", body));
    layers.push(svg("clipPath", { id: clip }, svg("rect", { x, y, width, height })), parts[path]);
  });
  const [from, to] = body.cabin;
  const air = (id) =>
    svg("ellipse", { cx: 0, cy: (from + to) / 2, rx: body.half * 0.8, ry: (to - from) / 2, fill: `url(#${id})` });
  Object.assign(parts, {
    beams: svg("g", {}, cone(body, -1), cone(body, 1)),
    warm: svg("g", { class: "air" }, air("warm")),
    cold: svg("g", { class: "air" }, air("cold")),
    cable: cable(body),
    brake: svg("g", {}, lamp(body, -1, body.length - 0.15, "red"), lamp(body, 1, body.length - 0.15, "red")),
    hazard: svg(
      "g",
      { class: "blink" },
      ...[-1, 1].flatMap((side) => [lamp(body, side, 0.3, "amber"), lamp(body, side, body.length - 0.2, "amber")]),
    ),
  });
  const picture = svg(
    "svg",
    {
      viewBox: `${-ROOM.side} ${-SEEN} ${2 * ROOM.side} ${body.length + 2 * SEEN}`,
      preserveAspectRatio: "xMidYMid meet",
    },
    svg(
      "defs",
      {},
      svg(
        "filter",
        { id: "soft", x: "-40%", y: "-20%", width: "180%", height: "140%" },
        svg("feGaussianBlur", { stdDeviation: 0.07 }),
      ),
      gradient("beam", "#ffe9b8", 0.75, 0),
      glow("warm", "#ff7a2f"),
      glow("cold", "#3fa2ff"),
      glow("red", "#ff3b30"),
      glow("amber", "#ffa51f"),
    ),
    parts.cable,
    drawing(name, body),
    ...layers,
    parts.warm,
    parts.cold,
    parts.beams,
    parts.brake,
    parts.hazard,
  );
  return { name, picture, parts };
}

let built;

const isOpen = (car, path) => {
  const lid = path === "doors.trunk" && car.reportedAt("trunk.position");
  return lid > 50 || ["open", "ajar"].includes(car.reportedAt(path));
};

// How the car looks, in a sentence for who does not see it.
function describe(car) {
  const open = Object.keys(built.parts).filter((path) => path.startsWith("doors.") && isOpen(car, path));
  const lock = car.reportedAt("locks.all");
  return [`${car.title} from above`, lock, ...open.map((path) => `${path.slice(6).replace("_", " ")} open`)]
    .filter(Boolean)
    .join(", ");
}

export function showPicture(frame, car) {
  if (built?.name !== car.body) {
    built = build(car.body);
    frame.replaceChildren(built.picture);
  }
  const { parts, picture } = built;
  const target = car.get("climate.target");
  const cabin = car.reportedAt("climate.cabin_temperature");
  const climate = Boolean(car.get("climate.active"));
  const seen = {
    beams: Boolean(car.get("lights.low_beam")),
    cable: Boolean(car.reportedAt("charging.plugged")),
    warm: climate && target >= cabin,
    cold: climate && target < cabin,
    brake: car.reportedAt("lights.brake") === "active",
    hazard:
      Boolean(car.reportedAt("lights.hazard")) ||
      car.get("indicators.flashes") > 0 ||
      car.reportedAt("alarm.state") === "triggered",
  };
  for (const [name, part] of Object.entries(parts)) {
    setAttributes(part, { visibility: (name in seen ? seen[name] : isOpen(car, name)) ? "visible" : "hidden" });
  }
  parts.cable.classList.toggle("charging", Boolean(car.reportedAt("charging.active")));
  setAttributes(picture, { role: "img", "aria-label": describe(car), class: car.presence === "online" ? "" : "away" });
}
