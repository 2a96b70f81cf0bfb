-- Who sits where, and whether the belt is on. Seat heating belongs to the climate.

local seats = {
  { "driver", "Vehicle.Cabin.Seat.Row1.DriverSide" },
  { "passenger", "Vehicle.Cabin.Seat.Row1.PassengerSide" },
}

return part("seats", function()
  local signals = {}
  for _, seat in ipairs(seats) do
    signals[#signals + 1] =
      { "seats." .. seat[1] .. "_occupied", type = "boolean", reported = false, vss = seat[2] .. ".IsOccupied" }
    signals[#signals + 1] =
      { "seats." .. seat[1] .. "_belted", type = "boolean", reported = false, vss = seat[2] .. ".IsBelted" }
  end

  local actions = {}

  -- seat: "driver", "passenger"
  function actions.take_seat(car, seat)
    car:set("seats." .. seat .. "_occupied", true)
  end

  function actions.leave_seat(car, seat)
    car:set("seats." .. seat .. "_belted", false)
    car:set("seats." .. seat .. "_occupied", false)
  end

  function actions.fasten_belt(car, seat, on)
    car:set("seats." .. seat .. "_belted", on ~= false)
  end

  return { signals = signals, actions = actions }
end)
