-- A diesel van: 80 l, a heater that burns fuel while the engine is off.

local weather = require "parts.weather"
local doors = require "parts.doors"
local locks = require "parts.locks"
local windows = require "parts.windows"
local climate = require "parts.climate"
local lights = require "parts.lights"
local horn = require "parts.horn"
local indicators = require "parts.indicators"
local alarm = require "parts.alarm"
local theft = require "parts.theft"
local seats = require "parts.seats"
local fuel = require "parts.fuel"
local driving = require "parts.driving"
local tyres = require "parts.tyres"
local radio = require "parts.radio"
local low_voltage = require "parts.low_voltage"
local telematics = require "parts.telematics"
local navigator = require "parts.navigator"
local faults = require "parts.faults"
local service = require "parts.service"
local driver = require "parts.driver"

return model {
  name = "combustion_van",
  title = "Combustion Van",
  picture = { body = "van" },
  parts = {
    weather {},
    doors {},
    locks { motor_seconds = 0.4, auto_lock_kmh = 10 },
    windows { percent_per_second = 20 },
    climate { fuel_heater = true, cabin_size = 1.6 },
    lights {},
    horn {},
    indicators {},
    alarm {},
    theft {},
    seats {},
    fuel { litres = 80, litres_per_100_km = 9, engine_efficiency = 0.33 },
    driving { latitude = 52.3759, longitude = 9.7320, altitude = 55, kilograms = 2600, drag_area = 1.6 },
    tyres { kilopascals = 350 },
    low_voltage { ampere_hours = 95 },
    telematics {},
    radio {},
    navigator {},
    faults {},
    service { kilometres = 40000, days = 730 },
    driver { routes = { work = "city_delivery" } },
  },
}
