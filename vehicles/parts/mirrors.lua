-- Mirrors that fold: on command, and by option with the locks.

local folded = "mirrors.folded"

return part("mirrors", function(options)
  local seconds = options.seconds or 3

  local function fold(car, on)
    if car:get(folded) ~= on and not car:jammed(folded) then
      car:set(folded, on)
    end
  end

  return {
    signals = { { folded, type = "boolean", desired = true } },
    desire = function(car, wishes)
      if wishes[folded] == car:get(folded) then
        return
      end
      car:work(seconds)
      if car:jammed(folded) then
        car:fail("MIRROR_JAMMED", "a mirror's motor turns, but it does not move")
      end
      fold(car, wishes[folded])
    end,
    jams = true,
    notices = options.with_locks and {
      locked = function(car) fold(car, true) end,
      unlocked = function(car) fold(car, false) end,
    } or nil,
  }
end)
