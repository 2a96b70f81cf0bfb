-- Methods with a meaning of their own: what they return, and what is looked at in their arguments.

local _, _, _, _, check = ...

local special = { Test = {}, Car = {}, Companion = {} }
check.special = special

function special.Test.vehicle(self, _, args)
  return check.car(check.made_car(self, args))
end

function special.Test.fleet(self, _, args)
  return { class = "Fleet", models = check.made_car(self, args) }
end

function special.Test.equal(self, _, args, types)
  if args[2] then
    self:compare(types[1], args[2])
  end
end
special.Test.not_equal = special.Test.equal

function special.Test.record(self, _, args, types)
  for _, item in ipairs(types[1] and types[1].class == "Car" and args[2] and args[2].tag == "Table" and args[2].items or {}) do
    if item.value.tag == "String" and item.value.value ~= "link" then
      self:path_of(types[1], item.value)
    end
  end
end

function special.Car.get(self, car, args)
  return self:path_of(car, args[1])
end
special.Car.glide = function(self, car, args) self:path_of(car, args[1]) end

function special.Car.set(self, car, args)
  local leaf = self:path_of(car, args[1])
  if leaf and leaf.class == "Signal" and args[2] then
    self:value_of(leaf, args[2])
  end
end

function special.Car.has(self, _, args)
  if args[1] and args[1].tag == "String" then
    self.file.has[args[1].value] = true
  end
end

local function is_car(type)
  return type and type.class == "Car"
end

function special.Companion.request(self, _, args, types)
  if is_car(types[1]) and args[2] and args[2].tag == "Table" then
    self:wishes(types[1].models, "", args[2])
  end
end

function special.Companion.desire(self, _, args, types)
  if not is_car(types[1]) then
    return
  end
  local shadow = args[3] and self:shadow_of(types[1], args[3])
  if args[2] and args[2].tag == "Table" then
    self:wishes(types[1].models, "", args[2], shadow ~= "" and shadow or nil)
  end
end

function special.Companion.update(self, _, args, types)
  if is_car(types[1]) then
    self:shadow_of(types[1], args[3])
  end
end

function special.Companion.delete_shadow(self, _, args, types)
  if is_car(types[1]) then
    self:shadow_of(types[1], args[2])
  end
end

function special.Companion.shadow(self, _, args, types)
  return is_car(types[1])
      and { class = "Twin", models = types[1].models, shadow = self:shadow_of(types[1], args[2]) } or nil
end
