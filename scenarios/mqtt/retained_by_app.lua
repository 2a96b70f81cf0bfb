-- A retained message waits at the broker for whoever subscribes later, until an empty one clears it.

scenario("a new companion gets what was retained at once; an empty message clears it", function(t)
  local car = t:vehicle { power = "off" }
  local operator = t:companion()
  local config = "cmd/fleetsim/" .. car.name .. "/config"

  operator:publish(config, { report_every = 60 }, { retain = true, content_type = "application/json" })

  local early = t:companion()
  early:subscribe(config)
  local message = early:wait_message(config)
  t:equal(message.payload, '{"report_every":60}')
  t:is_true(message.retain, "it was kept for us")

  operator:publish(config, "", { retain = true })
  message = early:wait_message(config)
  t:equal(message.payload, "")
  t:is_true(not message.retain, "this one is live")

  local late = t:companion()
  late:subscribe(config)
  operator:publish(config, "live", {})
  t:equal(late:wait_message(config).payload, "live", "nothing is kept any more")
end)

scenario("the cloud hangs up on whoever publishes what is not his", function(t)
  t:needs_local_cloud()
  local app = t:companion()

  local ok, why = pcall(app.publish, app, "dt/fleetsim/nobody/config", "x", { retain = true })
  t:is_true(not ok)
  t:match(why, "app:publish dt/fleetsim/nobody/config")
  t:eventually(5, function() return app:connection().losses == 1 end)
end)
