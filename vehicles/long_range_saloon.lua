-- A long-range electric saloon: 95 kWh on 800 volts, 600 km, and charging with 270 kW.

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
local battery = require "parts.battery"
local charging = require "parts.charging"
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
  name = "long_range_saloon",
  title = "Long-range EV Saloon",
  picture = { body = "saloon" },
  parts = {
    weather { mean = 11 },
    doors {},
    locks {},
    windows { percent_per_second = 25 },
    climate { heat_kilowatts = 6, cool_kilowatts = 6, cabin_size = 1.2 },
    lights {},
    horn {},
    indicators {},
    alarm {},
    theft {},
    seats {},
    battery { kilowatt_hours = 95, full_range_km = 590, state_of_charge = 65, cells = 192, milliohms = 90 },
    charging {
      limit = 80, ac_kilowatts = 22, dc_kilowatts = 270, schedule = "cheap",
      curve = { { 0, 180 }, { 10, 270 }, { 35, 255 }, { 50, 200 }, { 70, 130 }, { 80, 90 }, { 90, 45 }, { 100, 8 } },
    },
    driving {
      latitude = 48.1660, longitude = 11.5870, altitude = 511, odometer = 41870000,
      kilograms = 2150, drag_area = 0.52, kilowatts = 280, style = "sporty",
    },
    tyres { kilopascals = 270 },
    low_voltage { ampere_hours = 60 },
    telematics {},
    radio {},
    navigator {},
    faults {},
    service {},
    driver { routes = { work = "motorway" }, home_kilowatts = 22 },
  },
}
