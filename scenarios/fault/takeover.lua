-- Two clients with one client id: the newer takes over, the older is thrown out, and the lifecycle events say why.

scenario("a second app with the same client id takes over the connection of the first", function(t)
  local first, watcher = t:companion(), t:companion()
  local id = first:connection().client_id

  watcher:subscribe({ "$aws/events/presence/connected/" .. id, "$aws/events/presence/disconnected/" .. id })
  t:companion { client_id = id }
  t:eventually(5, function() return first:connection().losses > 0 end)
  if first:connection().reason_code ~= 0 then -- MQTT 3.1.1 has no word for it
    t:equal(first:connection().reason_code, 0x8e)
    t:match(first:connection().reason, "taken over")
  end

  -- Events come in any order; the version tells which connection each is about.
  local newer = decode_json(watcher:wait_message("$aws/events/presence/connected/" .. id).payload)
  local over = decode_json(watcher:wait_message("$aws/events/presence/disconnected/" .. id).payload)
  t:equal(over.disconnectReason, "DUPLICATE_CLIENTID")
  t:equal(over.clientInitiatedDisconnect, false)
  t:is_true(over.versionNumber < newer.versionNumber)
  t:not_equal(over.sessionIdentifier, newer.sessionIdentifier)
end)

scenario("nobody takes over a car's connection with another's certificate", function(t)
  local car = t:vehicle():wait_online()
  local app = t:companion()

  t:is_true(app:sees_online(car) ~= false)
  local intruder = t:vehicle { mqtt = { client_id = car.name } }
  intruder:wait_until(function() return intruder.last_close end, 10)
  t:not_equal(intruder.link, "online")
  t:equal(car.link, "online")
  t:equal(app:request(car, { locks = { all = "unlocked" } }):await().status, "SUCCEEDED")
  intruder:power_off()
end)
