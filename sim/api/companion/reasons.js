// Why a car said no, in words for its owner. The car's own description follows as the detail.

const reasons = {
  DOOR_OPEN: "A door is open",
  DOOR_LOCKED: "It is locked: unlock first",
  VEHICLE_MOVING: "Not while the car is moving",
  VALET_MODE: "Not in valet mode",
  IMMOBILISED: "The car is immobilised",
  NOT_PLUGGED: "No charging cable is plugged in",
  LIMIT_REACHED: "Already charged to the limit",
  PLUGGED_IN: "The charging cable is plugged in",
  CABLE_STUCK: "The charging cable is stuck",
  LOW_BATTERY: "The battery is too low",
  LOW_FUEL: "There is too little fuel",
  ENGINE_OFF: "Only while the engine runs",
  LOCK_JAMMED: "A lock does not move",
  DOOR_JAMMED: "A door does not move",
  WINDOW_JAMMED: "A window does not move",
  TAILGATE_JAMMED: "The tailgate does not move",
  PINCHED: "Something is in the window",
  OBSTACLE: "Something is in the way",
  INTERRUPTED: "Somebody moved it by hand",
  DRIVER_DECLINED: "The driver declined",
  POWER_LOST: "The car lost its power",
  EXPIRED: "It reached the car too late",
  TIMED_OUT: "The car took too long",
  NO_RESPONSE: "The car did not answer in time",
  UNREACHABLE: "The car could not be reached",
  NOT_SENT: "No connection: nothing was sent",
  INVALID_COMMAND: "This car cannot do that",
  INVALID_VALUE: "That value is not possible",
};

const sentence = (text) => text.replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());

export function reasonOf(code) {
  return reasons[code] ?? sentence((code ?? "failed").toLowerCase());
}

// What the car said beyond that; "": nothing.
export function detailOf(command) {
  return command.description ? sentence(command.description) : "";
}
