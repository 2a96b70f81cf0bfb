// One command from the click to the car's answer.

import { flatten } from "./car.js";

export const EXPIRY = 30000; // ms
const AGAIN = 4000; // cars do the same id once, so that it may be sent as often as one likes
const LATE = 1500; // an answer may be on its way when the time is over

// ms since the epoch, to a fraction. The page's own clock goes on when the machine's is set.
let origin = performance.timeOrigin;
export function now() {
  const drift = Date.now() - (origin + performance.now());
  if (Math.abs(drift) > 20) {
    origin += drift;
  }
  return origin + performance.now();
}

// When somebody clicked: the event knows it better than we do.
export function clickTime(event) {
  return now() - (performance.now() - (event?.timeStamp ?? performance.now()));
}

export class Command {
  // label: { doing: "Unlocking", done: "Unlocked" }. told(command) after each change.
  constructor({ car, wish, label, clicked, told }) {
    Object.assign(this, { car, wish, label, clicked, told });
    // Whoever sees the command at the car can tell when it was asked for: microseconds since the epoch.
    this.id = `page-${Math.round(clicked * 1000)}-${crypto.randomUUID().slice(0, 8)}`;
    this.changes = new Map(flatten(wish));
    this.status = "pending"; // then confirmed, or failed
    this.phase = "waiting"; // for a network; then sent, accepted by the cloud; waking
  }

  // cloud(): the connection of that moment, which may be another one later.
  start(cloud, wake) {
    this.cloud = cloud;
    this.wake = wake;
    this.#try();
    this.timer = setInterval(() => this.#try(), AGAIN);
    this.end = setTimeout(() => this.#giveUp(), EXPIRY + LATE - (now() - this.clicked));
  }

  get left() {
    return this.clicked + EXPIRY - now();
  }

  // Again when there is a network, and until the car has answered.
  #try() {
    if (this.status !== "pending" || this.left <= 0 || !this.cloud().connected) {
      return;
    }
    if (this.car.presence !== "online") {
      this.#wakeCar();
    }
    if (!this.sent) {
      this.sent = now();
      this.phase = this.car.presence === "online" ? "sent" : "waking";
    }
    const document = { requestId: this.id, issuedAt: Math.round(this.clicked), command: this.wish };
    this.cloud().request(this.car.thing, document, this.left / 1000, () => this.#onAccepted());
    this.told(this);
  }

  retry() {
    this.#try();
  }

  // What the service behind an app does for a car that is not there: a text message, once.
  #wakeCar() {
    if (!this.asked) {
      this.asked = true;
      this.wake(this.car).catch(() => {});
    }
  }

  #onAccepted() {
    if (this.status === "pending" && !this.accepted) {
      this.accepted = now();
      this.phase = this.phase === "waking" ? "waking" : "accepted";
      this.told(this);
    }
  }

  #close(status) {
    clearInterval(this.timer);
    clearTimeout(this.end);
    this.status = status;
    this.ended = now();
    this.told(this);
  }

  answer({ status, statusReason }) {
    if (this.status !== "pending") {
      return;
    }
    this.code = statusReason?.reasonCode ?? status;
    this.description = statusReason?.reasonDescription;
    this.#close(status === "SUCCEEDED" ? "confirmed" : "failed");
  }

  // It cannot even be tried.
  refuse(code) {
    this.code = code;
    this.#close("failed");
  }

  #giveUp() {
    if (this.status === "pending") {
      this.code = this.sent ? (this.car.presence === "online" ? "NO_RESPONSE" : "UNREACHABLE") : "NOT_SENT";
      this.#close("failed");
    }
  }

  // ms from the click: to sending, to the cloud's word, to the car's.
  get times() {
    const since = (at) => (at ? at - this.clicked : undefined);
    return { sent: since(this.sent), accepted: since(this.accepted), ended: since(this.ended) };
  }
}
