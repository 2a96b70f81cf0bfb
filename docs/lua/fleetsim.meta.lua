---@meta fleetsim
-- What scenarios and models can use, for the Lua language server. The reference is docs/lua-api.md.

---@alias fleetsim.Link "off"|"asleep"|"connecting"|"syncing"|"online"|"backing off"|"provisioning"
---@alias fleetsim.Value boolean|number|string

---JSON's null, which nil cannot stand for in a table.
---@type lightuserdata
null = nil

---@class fleetsim.ScenarioOptions
---@field timeout? number real seconds, 30 if not given
---@field timeout_per_car? number real seconds more for each car of a fleet
---@field alone? boolean no other scenario runs meanwhile
---@field tags? string|string[] names by which --tag chooses
---@field cases? table<string, any>[] a scenario of its own for each; its name takes their values, as {door}
---@field params? table<string, fleetsim.Value> defaults of its own parameters

---Declares a scenario; only at the top of a scenario file.
---@param name string
---@param options fleetsim.ScenarioOptions
---@param fn fun(t: fleetsim.Test, case?: table)
---@overload fun(name: string, fn: fun(t: fleetsim.Test))
function scenario(name, options, fn) end

---@class fleetsim.LoadRamp
---@field linear? number evenly over so many seconds
---@field spread? number each at a moment of its own within so many seconds
---@field steps? integer so many steps
---@field every? number seconds of one step

---@class fleetsim.LoadKind
---@field [1] table what it asks for
---@field [2]? table and the next time, in turn
---@field signal string a car that has none of that name cannot do it
---@field share? number among the kinds (1)

---@class fleetsim.LoadCommands
---@field rate? number a second, for `vehicles` cars
---@field per_car? number a second for each car, instead
---@field arrivals? "poisson"|"constant"
---@field kinds? table<string, number|fleetsim.LoadKind> shares of charging, climate, lights and locks, or kinds of its own
---@field by? "request"|"shadow"
---@field patience? number seconds after which one without result has timed out (30)

---@class fleetsim.LoadTelemetry
---@field rate? number a second, for `vehicles` cars
---@field per_car? number a second for each car, instead
---@field arrivals? "constant"|"poisson"
---@field size? integer bytes of a payload (200)

---@class fleetsim.LoadPhase
---@field name? string
---@field duration number seconds
---@field commands? number|number[] times the rate; { from, to } over the phase
---@field telemetry? number|number[] likewise
---@field vehicles? number share of the fleet that is there
---@field storm? number share of the cars that lose their connections as it begins
---@field outage? number the same, and their network stays away until it ends
---@field before? fun(fleet: fleetsim.Fleet, t: fleetsim.Test)
---@field after? fun(fleet: fleetsim.Fleet, t: fleetsim.Test)

---@class fleetsim.LoadProfile
---@field vehicles? integer 1000 if not given; --vehicles overrides it
---@field mix? table<string, number> models by share
---@field state? table<string, fleetsim.Value> of each car as it is made
---@field radio? string|fleetsim.RadioOptions
---@field sleep? boolean
---@field provision? fleetsim.Provision|string
---@field ramp? number|fleetsim.LoadRamp seconds, or how
---@field warm_up? number seconds that are not measured (10)
---@field duration? number of all phases together
---@field commands? fleetsim.LoadCommands
---@field telemetry? fleetsim.LoadTelemetry
---@field probes? { cars?: integer, rate?: number }
---@field apps? integer
---@field in_flight? integer
---@field phases? fleetsim.LoadPhase[] one, steady, if not given
---@field tags? string[]

---Declares a load for `fleetsim load`; only at the top of a scenario file.
---@param name string
---@param profile fleetsim.LoadProfile
function load_profile(name, profile) end

---Runs before each scenario of the file.
---@param fn fun(t: fleetsim.Test, case?: table)
function before(fn) end

---Runs after each scenario of the file, however it ended (t.verdict).
---@param options { timeout?: number } real seconds, 5 if not given
---@param fn fun(t: fleetsim.Test, case?: table)
---@overload fun(fn: fun(t: fleetsim.Test, case?: table))
function after(options, fn) end

---Declares a parameter of the file's scenarios; --param name=value gives it another value, of the default's type.
---@generic T: fleetsim.Value
---@param name string
---@param default? T
---@param options? { choices?: T[], min?: number, max?: number }
---@return T
function param(name, default, options) end

---@class fleetsim.Signal
---@field [1] string path, such as "locks.front_left"
---@field type "boolean"|"integer"|"float"|"enum"|"string"
---@field values? string[] names of an enum
---@field initial? fleetsim.Value
---@field desired? boolean may apps ask for it?
---@field reported? boolean is it in the shadow? (true)
---@field shadow? string the named shadow that it lives in
---@field report_every? number simulated seconds between two reports that its changes cause
---@field deadband? number a change that is smaller causes no report
---@field min? number
---@field max? number
---@field unit? string
---@field vss? string COVESA VSS path

---What a part does for one operation of AWS IoT Jobs.
---@class fleetsim.JobHandler
---@field run fun(car: fleetsim.Car, job: fleetsim.CarJob): table<string, string>?
---@field undo? fun(car: fleetsim.Car, code: string) it has failed or was ended
---@field done? fun(car: fleetsim.Car) the service knows how it ended
---@field details? fun(car: fleetsim.Car): table<string, string> how far it is
---@field unfinished? fun(car: fleetsim.Car): string id of the job that is begun, or ""
---@field gone? fun(car: fleetsim.Car) that job is not to be done any more

---@class fleetsim.CarJob
---@field id string
---@field document table
---@field resumed boolean was it in progress already?
---@field details table<string, string> as last told
---@field number integer of the execution
---@field version integer of the execution
local car_job = {}

---Reports that it is in progress; the first report starts it.
---@param details? table<string, string>
---@param minutes? integer how long the next step may take
function car_job:progress(details, minutes) end

---@class fleetsim.Download
---@field url? string|fun(job: fleetsim.CarJob): string
---@field size? integer that the file at the URL must have
---@field stream? string id
---@field file? integer 0 to 255 (0)
---@field sha256? string in hexadecimal digits
---@field keep? boolean return what is at the url, 1 MB at most
---@field block? integer bytes (8192)
---@field window? integer blocks that are asked for at once (4)
---@field progress? fun(received: integer, size: integer)

---Downloads a file over HTTPS or of a stream; returns its size and its SHA-256, with `keep` also the file.
---@param options fleetsim.Download
---@return integer size
---@return string sha256
---@return string? bytes
function car_job:download(options) end

---Is it signed by whom the car trusts? Fails if not.
---@param codesign table
---@param sha256 string
function car_job:verify(codesign, sha256) end

---Asks for the document again, with URLs that are good again.
function car_job:refresh() end

---@class fleetsim.Part
---@field signals? fleetsim.Signal[]
---@field desire? fun(car: fleetsim.Car, wishes: table<string, fleetsim.Value>)
---@field actions? table<string, fun(car: fleetsim.Car, ...): any>
---@field by_hand? fun(path: string, value: fleetsim.Value): string?, ... see docs/lua-api.md
---@field start? fun(car: fleetsim.Car)
---@field refresh? fun(car: fleetsim.Car)
---@field after_action? fun(car: fleetsim.Car, action: string) must not wait; "command" after a command
---@field sms? fun(car: fleetsim.Car, text: string) a text message has come
---@field jobs? table<string, fleetsim.JobHandler> by operation
---@field settle? fun(car: fleetsim.Car, seconds: number) see vehicles/README.md, Physics

---@class fleetsim.Model

---Makes a part: a function that takes the options which a model gives.
---@param name string
---@param builder fun(options: table): fleetsim.Part
---@return fun(options?: table): fleetsim.Part
function part(name, builder) end

---Makes a model; a file in vehicles/ returns it.
---@param definition { name: string, title?: string, picture?: table<string, string|fun(car: fleetsim.Car): number>, parts: fleetsim.Part[] }
---@return fleetsim.Model
function model(definition) end

---Lets simulated seconds pass.
---@param seconds number
function wait(seconds) end

---For long computations: lets others have their turn, if this has been running for some milliseconds.
function breathe() end

---@class fleetsim.Telemetry
---@field format "json"|"cbor"|"compact"
---@field thing string
---@field seq integer
---@field dropped integer samples that the car had to drop so far
---@field campaign? string
---@field compressed boolean
---@field sealed boolean something is encrypted and no key was given
---@field samples { time: number, signal: string, value: fleetsim.Value }[]

---The value of a JSON text; nil and why not.
---@param text string
---@return any
---@return string? why
function decode_json(text) end

---The same of CBOR, as far as JSON could say it.
---@param bytes string
---@return any
---@return string? why
function decode_cbor(bytes) end

---@alias fleetsim.FleetWiseMessage "Checkin"|"VehicleData"|"CollectionSchemes"|"DecoderManifest"|"CommandRequest"|"CommandResponse"|"StateTemplates"|"LastKnownStateData"

---What a message of AWS IoT FleetWise says; nil and why not.
---@param message fleetsim.FleetWiseMessage
---@param bytes string
---@return table?
---@return string? why
function decode_fleetwise(message, bytes) end

---Bytes of a message of AWS IoT FleetWise.
---@param message fleetsim.FleetWiseMessage
---@param value table
---@return string
function encode_fleetwise(message, value) end

---Snappy of bytes, in its raw form.
---@param bytes string
---@return string
function compress_snappy(bytes) end

---What snappy is compressed of; nil and why not.
---@param bytes string
---@return string?
---@return string? why
function uncompress_snappy(bytes) end

---@class fleetsim.CanRule
---@field start_bit integer of its lowest bit, in both byte orders
---@field length integer bits
---@field factor number? 1 if not given
---@field offset number?
---@field is_signed boolean?
---@field is_big_endian boolean?

---A signal's value in a CAN frame; nil and why not.
---@param frame string
---@param rule fleetsim.CanRule
---@return number?
---@return string? why
function decode_can(frame, rule) end

---The frame with another value of the signal; nil and why not.
---@param frame string
---@param rule fleetsim.CanRule
---@param value number
---@return string?
---@return string? why
function encode_can(frame, rule, value) end

---CBOR of what JSON could say.
---@param value any
---@return string
function encode_cbor(value) end

---What a telemetry message says; nil and why not.
---@param message fleetsim.Message|string
---@param key? string 64 hexadecimal digits
---@return fleetsim.Telemetry?
---@return string? why
function decode_telemetry(message, key) end

---Text of any value as Lua would write it.
---@param value any
---@return string
function show(value) end

---The assertions of fleetsim.Test; what does not hold is kept, and the scenario goes on. Return whether it held.
---@class fleetsim.Soft
---@field equal fun(self: fleetsim.Soft, seen: any, expected: any, message?: string): boolean
---@field not_equal fun(self: fleetsim.Soft, seen: any, unexpected: any, message?: string): boolean
---@field is_true fun(self: fleetsim.Soft, seen: any, message?: string): boolean
---@field near fun(self: fleetsim.Soft, seen: number, expected: number, tolerance: number, message?: string): boolean
---@field match fun(self: fleetsim.Soft, text: string, pattern: string, message?: string): boolean
---@field eventually fun(self: fleetsim.Soft, seconds: number, fn: (fun(): any), message?: string): boolean
---@field never fun(self: fleetsim.Soft, seconds: number, fn: (fun(): any), message?: string): boolean
---@field fail fun(self: fleetsim.Soft, message?: string): boolean

---@class fleetsim.Test
---@field name string of the scenario
---@field param table<string, fleetsim.Value> its parameters
---@field soft fleetsim.Soft
---@field verdict? "passed"|"failed"|"error"|"skipped"|"todo" in after()
---@field [string] any what the scenario keeps in it
local test = {}

---A part of the scenario that has a name; returns what fn returns.
---@param name string
---@param options { timeout?: number } real seconds
---@param fn fun(): ...
---@overload fun(self: fleetsim.Test, name: string, fn: fun(): ...)
function test:step(name, options, fn) end

---Fails when fn, which may wait, takes more real seconds; returns what fn returns.
---@param seconds number
---@param fn fun(): ...
---@param message? string
function test:within(seconds, fn, message) end

---From here on the scenario is expected to fail.
---@param reason string
function test:todo(reason) end

---@class fleetsim.Will
---@field topic string "{thing}" in it is the car's name
---@field payload? string
---@field qos? 0|1|2
---@field retain? boolean
---@field delay? integer seconds
---@field expiry? integer
---@field content_type? string
---@field response_topic? string
---@field correlation? string
---@field user? table<string, string|string[]>

---How a car connects, where it differs from all.
---@class fleetsim.MqttOptions
---@field clean_start? boolean
---@field session_expiry? integer seconds
---@field keep_alive? integer seconds
---@field version? "5"|"3.1.1"
---@field client_id? string "": the broker assigns one
---@field will? fleetsim.Will

---Makes a car and switches its power on.
---@param options? { model?: string, state?: table<string, fleetsim.Value>, power?: "off", mqtt?: fleetsim.MqttOptions, tags?: string[], clock?: fleetsim.Clock }
---@return fleetsim.Car
function test:vehicle(options) end

---@class fleetsim.RadioOptions
---@field profile? string "perfect", "lte_good", "lte_edge", "3g", "2g", "roaming", "city", "tunnel", "garage"
---@field rtt? number seconds
---@field jitter? number seconds
---@field up? number bits per second
---@field down? number bits per second
---@field loss? number share of packets outside bursts
---@field burst_every? number seconds
---@field burst_length? number seconds
---@field burst_loss? number share of packets in a burst
---@field attach? number seconds
---@field nat? number seconds
---@field detach? number seconds
---@field dbm? number

---@class fleetsim.Radio
---@field profile string
---@field technology string
---@field state string "detached", "attaching", "attached" or "no coverage"
---@field attached boolean
---@field dbm integer
---@field rtt number
---@field up number bits a second, 0: no limit
---@field down number bits a second, 0: no limit
---@field loss number
---@field nat number

---@class fleetsim.Cohort
---@field name string
---@field share? number in proportion to the others' (1)
---@field model? string
---@field state? table<string, fleetsim.Value|fun(car: fleetsim.Car): fleetsim.Value>
---@field power? "off"
---@field sleep? boolean
---@field provision? fleetsim.Provision|string
---@field clock? fleetsim.Clock
---@field mqtt? fleetsim.MqttOptions
---@field radio? string|fleetsim.RadioOptions
---@field tags? string[]

---The clock by which a car verifies certificates (docs/certificates.md).
---@class fleetsim.Clock
---@field offset? number seconds that it is fast, or slow (below 0)

---How a car meets the cloud for the first time (docs/provisioning.md).
---@class fleetsim.Provision
---@field by "claim"|"claim_keys"|"just_in_time"|"known"
---@field template? string of a claim ("fleetsim")
---@field format? "json"|"cbor"
---@field parameters? table<string, string> of a claim, besides VIN, SerialNumber, IMEI and Model
---@field factory? string just in time: its factory's name ("factory")
---@field validity? "valid"|"expired"|"not_yet_valid" of certificates of the fleet (by = "known")

---@class fleetsim.FleetOptions
---@field count? integer 10 if not given; --vehicles overrides it
---@field tags? string[] names by which --pin finds them
---@field rate? number how many start in a second; not given: as fast as they can be made
---@field mix? table[] options of t:vehicle, taken in turn; not given: all alike
---@field cohorts? fleetsim.Cohort[] parts of it by share, instead of mix
---@field model? string
---@field state? table<string, fleetsim.Value>
---@field power? "off"
---@field sleep? boolean does it sleep by itself, as its part telematics says?
---@field provision? fleetsim.Provision|string
---@field clock? fleetsim.Clock
---@field mqtt? fleetsim.MqttOptions
---@field radio? string|fleetsim.RadioOptions

---@class fleetsim.Barrier
local barrier = {}

---Waits until all have come; returns the place in which this one came.
---@param timeout? number real seconds (10)
---@return integer
function barrier:wait(timeout) end

---@param n integer|fleetsim.Fleet how many meet at it
---@return fleetsim.Barrier
function test:barrier(n) end

---@class fleetsim.ArrivalOptions
---@field rate number|number[] in a second; { from, to } over the duration
---@field count? integer
---@field duration? number seconds
---@field process? "constant"|"poisson"
---@field clock? "real"|"simulated"
---@field join? boolean false: do not wait for what still runs

---Starts fn for each arrival and never waits for it; without fn to iterate over.
---@param options fleetsim.ArrivalOptions
---@param fn fun(i: integer, late: number)
---@return integer started
---@overload fun(self: fleetsim.Test, options: fleetsim.ArrivalOptions): fun(): integer?, number?
function test:arrivals(options, fn) end

---Makes many cars.
---@param options? fleetsim.FleetOptions
---@return fleetsim.Fleet
function test:fleet(options) end

---An app with a connection of its own. Make it after the cars.
---@param options? { timeout?: number, watch?: "all", client_id?: string }
---@return fleetsim.Companion
function test:companion(options) end

---@class fleetsim.ServiceOptions
---@field confirm_offline? number seconds, 5
---@field trust_goodbye? boolean
---@field tap? { every?: number, backoff?: number, most?: integer } 10, 2, 5
---@field subscribe_within? number seconds, 10
---@field session_expiry? number seconds, 3600
---@field channels? table<string, { [1]?: number, [2]?: number, median?: number, sigma?: number }>
---@field watch? "all"
---@field timeout? number real seconds, 10

---A command service: what stands between people and their cars.
---@param options? fleetsim.ServiceOptions
---@return fleetsim.Service
function test:command_service(options) end

---Equal; tables by their contents.
---@param seen any
---@param expected any
---@param message? string
function test:equal(seen, expected, message) end

---@param seen any
---@param unexpected any
---@param message? string
function test:not_equal(seen, unexpected, message) end

---Neither false nor nil.
---@param seen any
---@param message? string
function test:is_true(seen, message) end

---@param seen any
---@param expected number
---@param tolerance number
---@param message? string
function test:near(seen, expected, tolerance, message) end

---The text contains the Lua pattern.
---@param text any
---@param pattern string
---@param message? string
function test:match(text, pattern, message) end

---Calls fn again and again until it returns a true value, which is returned.
---@generic T
---@param seconds number real seconds
---@param fn fun(): T
---@param message? string
---@return T
function test:eventually(seconds, fn, message) end

---fn stays false for all of these real seconds.
---@param seconds number
---@param fn fun(): any
---@param message? string
function test:never(seconds, fn, message) end

---@param message? string
function test:fail(message) end

---The broker of the run's own cloud ends and starts again; sessions, queued messages and shadows are kept.
---@param options? { down?: number } real seconds in between: 0
function test:restart_cloud(options) end

---The oracle will find this rule broken, and that does not fail the scenario; not finding it does.
---@param rule string "shadow.delta-exact", …: docs/oracle.md
---@param what? integer|fun() exactly so often; or: while or soon after it runs; default: at least once
function test:expect_violation(rule, what) end

---@alias fleetsim.Sabotage
---| "repeats_commands" | "ignores_expiry" | "invents_commands" | "reports_wrong" | "forgets_desired" | "echoes"
---| "talks_asleep" | "answers_twice" | "asks_too_soon" | "version_back" | "inexact_delta" | "drops_desired"
---| "stores_wrong" | "changes_document" | "oversize" | "swallows_puback"

---From now on the car, or the cloud as it sees it, goes wrong.
---@param kind fleetsim.Sabotage
---@param car? fleetsim.Car default: every car of the scenario so far
function test:sabotage(kind, car) end

---A rule of the run's own cloud, until that ends or starts again (docs/cloud.md).
---@param rule { name?: string, topic?: string, republish?: string, payload?: any }
---@return string name
function test:rule(rule) end

---Ends the scenario as skipped.
---@param message? string
function test:skip(message) end

---Skips the scenario unless time is virtual.
function test:needs_virtual_time() end

---Skips the scenario with --endpoint: for what only fleetsim's own cloud does.
function test:needs_local_cloud() end

---Skips the scenario where cars can have no radio (--client paho).
function test:needs_radio() end

---Lets simulated seconds pass.
---@param seconds number
function test:wait(seconds) end

---@class record_options
---@field every? number simulated seconds between two samples: 60
---@field name? string of the plot: the model's title

---Records signals over simulated time, for the plots of the report; "link" is the state of the connection.
---@param car car
---@param signals? string[] what is worth a curve of every car
---@param options? record_options
function test:record(car, signals, options) end

---Runs fn(...) beside the scenario.
---@param fn fun(...)
function test:spawn(fn, ...) end

---Real seconds since the run began.
---@return number
function test:now() end

---Does time leap (--time virtual)?
---@return boolean
function test:is_virtual() end

---math.random
---@param low? integer
---@param high? integer
---@return number
function test:random(low, high) end

---Reads the models and parts of all the scenario's cars again, and changes the cars over while they live.
---@return fleetsim.Car
function car:reload() end

---Something that happened; what it has depends on its kind, see docs/lua-api.md, Events.
---@class fleetsim.Event
---@field kind string
---@field at number seconds, as timelines tell it
---@field car? fleetsim.Car
---@field type? string of a packet: "PUBLISH", …
---@field path? string of a signal
---@field value? fleetsim.Value
---@field from? string
---@field to? string
---@field stage? string of a command
---@field token? string
---@field status? string
---@field json? table
---@field topic? string
---@field payload? string
---@field [string] any

---@alias fleetsim.Which table<string, any>|fun(event: fleetsim.Event): any

---@class fleetsim.Stream
local stream = {}

---Takes the next event, waiting for it if it has not come.
---@param timeout? number real seconds (10)
---@return fleetsim.Event
function stream:wait(timeout) end

---Takes the next event that has come.
---@return fleetsim.Event?
function stream:next() end

---Takes all that have come.
---@return fleetsim.Event[]
function stream:list() end

---Nothing comes any more.
function stream:close() end

---@class fleetsim.Fleet
---@field [integer] fleetsim.Car
local fleet = {}

---Those that fit, as a fleet.
---@param which (fun(car: fleetsim.Car, i: integer): any)|table<string, any> properties, cohort, signals
---@return fleetsim.Fleet
function fleet:filter(which) end

---Of any of its cars.
---@param kind? string|string[]
---@param which? fleetsim.Which
---@param timeout? number real seconds (10)
---@return fleetsim.Event
function fleet:wait_event(kind, which, timeout) end

---@param kind? string|string[]
---@param which? fleetsim.Which
---@return fleetsim.Stream
function fleet:events(kind, which) end

---n of its cars at random, as a fleet; without n one car.
---@param n integer
---@return fleetsim.Fleet
---@overload fun(self: fleetsim.Fleet): fleetsim.Car
function fleet:pick(n) end

---@param name string
---@return fleetsim.Fleet
function fleet:cohort(name) end

---Runs fn(car, i) for every car at once and waits until all have returned.
---@param fn fun(car: fleetsim.Car, i: integer)
---@return fleetsim.Fleet
function fleet:each(fn) end

---@param network string|fleetsim.RadioOptions
---@return fleetsim.Fleet
function fleet:radio(network) end

---@param timeout? number real seconds for all of them, 30 and 0.01 for each
---@return fleetsim.Fleet
function fleet:wait_online(timeout) end

---A view of signals: by path, or called for a plain table.
---@class fleetsim.State
---@field [string] any
---@operator call: table<string, fleetsim.Value>

---@class fleetsim.Connection
---@field session_present boolean
---@field client_id string in force
---@field assigned boolean by the broker
---@field version "5"|"3.1.1"
---@field keep_alive integer in force
---@field server_keep_alive boolean is it the broker's?
---@field receive_maximum integer
---@field topic_alias_maximum integer
---@field maximum_qos integer
---@field retain_available boolean
---@field wildcard_subscriptions boolean
---@field shared_subscriptions boolean
---@field subscription_identifiers boolean
---@field maximum_packet_size? integer
---@field session_expiry? integer
---@field reason_string? string
---@field server_reference? string
---@field response_information? string

---@class fleetsim.Close
---@field why "resolve"|"tcp"|"tls"|"timeout"|"refused"|"keep-alive"|"protocol"|"server"
---@field text string
---@field reason_code? integer
---@field reason? string

---What the broker said to a publish, subscribe or unsubscribe of a car.
---@class fleetsim.Said
---@field reason_code integer
---@field reason string
---@field text? string

---@class fleetsim.Car
---@field state fleetsim.State
---@field link fleetsim.Link
---@field name string
---@field vin string
---@field imei string
---@field iccid string
---@field msisdn string
---@field model string
---@field index integer
---@field shadow_version integer
---@field shadow_versions table<string, integer> of its named shadows
---@field connection fleetsim.Connection|false
---@field last_close fleetsim.Close|false
---@field [string] fun(car: fleetsim.Car, ...): any actions of its parts
local car = {}

---Waits for the next event that fits, from now on.
---@param kind? string|string[] "in", "out", "packet", "signal", "state", "command", "note", "sms"
---@param which? fleetsim.Which
---@param timeout? number real seconds (10)
---@return fleetsim.Event
function car:wait_event(kind, which, timeout) end

---A stream of the events that fit, from now on.
---@param kind? string|string[]
---@param which? fleetsim.Which
---@return fleetsim.Stream
function car:events(kind, which) end

---@param path string
---@return fleetsim.Value
function car:get(path) end

---@param path string
---@param value fleetsim.Value
function car:set(path, value) end

---@param path string
---@return boolean
function car:has(path) end

---@param timeout? number real seconds, 10
---@return fleetsim.Car
function car:wait_online(timeout) end

---@param link fleetsim.Link
---@param timeout? number real seconds, 10
---@return fleetsim.Car
function car:wait_for(link, timeout) end

---Waits until all that changed was reported and accepted, and no command is open.
---@param timeout? number real seconds, 10
---@return fleetsim.Car
function car:wait_in_step(timeout) end

---Looks whenever something about the car changes.
---@param fn fun(): any
---@param timeout? number real seconds, 10
---@return fleetsim.Car
function car:wait_until(fn, timeout) end

---@param seconds number real seconds
---@return boolean changed
function car:wait_change(seconds) end

---@return boolean
function car:in_step() end

---Reports what report_every or deadband of its signal keeps back.
function car:report() end

function car:power_on() end

---Power fails: the socket just dies, motors stop, open requests have failed.
function car:power_off() end

---Reports what is left, says DISCONNECT, and is asleep.
function car:sleep() end

---@param options? { reason?: integer|string, session_expiry?: integer, reason_string?: string }
function car:disconnect(options) end

---@class fleetsim.CarPublishOptions
---@field qos? 0|1|2 1 if not given
---@field retain? boolean
---@field expiry? integer seconds
---@field content_type? string
---@field response_topic? string
---@field correlation? string
---@field user? table<string, string|string[]>
---@field wait? boolean false: do not wait for the broker's answer
---@field timeout? number seconds, 10

---@param topic string
---@param payload string|table
---@param options? fleetsim.CarPublishOptions
---@return fleetsim.Said? answer nil for QoS 0
function car:publish(topic, payload, options) end

---@class fleetsim.CarSubscribeOptions
---@field qos? 0|1|2 1 if not given
---@field no_local? boolean
---@field retain_as_published? boolean
---@field retain_handling? 0|1|2
---@field identifier? integer
---@field timeout? number seconds, 10

---@param filter string
---@param options? fleetsim.CarSubscribeOptions
---@return fleetsim.Said
---@overload fun(self: fleetsim.Car, filters: string[], options?: table): table<string, fleetsim.Said>
function car:subscribe(filter, options) end

---@param filter string
---@param options? { timeout?: number }
---@return fleetsim.Said
---@overload fun(self: fleetsim.Car, filters: string[], options?: table): table<string, fleetsim.Said>
function car:unsubscribe(filter, options) end

---Takes the oldest message that matches.
---@param filter string
---@param timeout? number real seconds, 10
---@return fleetsim.Message
function car:wait_message(filter, timeout) end

---@param filter? string
---@return fleetsim.Message[]
function car:messages(filter) end

---What has gone over the car's connections since it was made, MQTT before TLS.
---@return { bytes_in: integer, bytes_out: integer, packets_in: integer, packets_out: integer }
function car:traffic() end

---Has it a certificate of its own that the cloud has taken?
---@return boolean
function car:provisioned() end

---The id of the certificate that it shows.
---@return string
function car:certificate() end

---The clock by which it verifies certificates is so many seconds fast, or slow (below 0), from the next connect on.
---Skips the scenario on Paho, unless it is 0.
---@param seconds number 0: right
---@return fleetsim.Car
function car:set_clock(seconds) end

---How many seconds that clock is fast.
---@return number
function car:clock_offset() end

---The signing request (PEM) of its new key; nil and why there is none.
---@return string? csr
---@return string? why
function car:signing_request() end

---The certificate (PEM) for its new key.
---@param pem string
---@return boolean kept
---@return string? why not
function car:keep_certificate(pem) end

---Connects with the new certificate, or goes back to the committed one.
---@param seconds? number 60
---@return boolean worked
---@return string? why not
function car:try_certificate(seconds) end

---The new certificate is the car's from now on.
---@return boolean
function car:commit_certificate() end

---Back to the certificate that was replaced.
---@return boolean
function car:revert_certificate() end

---Forgets the new key and its certificate.
function car:drop_certificate() end

---Forgets the certificate that was replaced.
function car:settle_certificate() end

---Has it a new certificate that is not committed, and one that was replaced?
---@return boolean new
---@return boolean replaced
function car:certificates() end

---Asks, and waits for what comes on topic/accepted or topic/rejected.
---@param topic string
---@param document table
---@param options? { answers?: string, timeout?: number }
---@return table? answer
---@return boolean? accepted
function car:ask(topic, document, options) end

---What the cloud gave it together with its thing.
---@return table?
function car:device_configuration() end

---Somebody at the car presses its buttons; what is refused is raised.
---@param wishes table<string, fleetsim.Value> by paths
function car:press(wishes) end

---From asleep or backing off: connects now.
---@return boolean
function car:wake() end

---The network goes, without a word to the cloud.
function car:drop_connection() end

---Sends the car a text message, which wakes it.
---@param text? string
---@return fleetsim.TextMessage
function car:sms(text) end

---It has begun to wake up: for parts that mind the car's sleep.
function car:begin_wake() end

---@class fleetsim.TextMessage
---@field status "pending"|"delivered"|"failed"|"expired"
local message = {}

---@param timeout? number real seconds, 10
---@return "delivered"|"failed"|"expired"
function message:await(timeout) end

---@param msisdn string a car's telephone number
---@param text? string
---@return fleetsim.TextMessage
function test:sms(msisdn, text) end

---@class fleetsim.SmsGatewayOptions
---@field delay? number[]|{ median: number, sigma?: number } simulated seconds, { 0.2, 0.8 }
---@field loss? number probability, 0
---@field duplicates? number probability, 0
---@field validity? number simulated seconds, 86400

---@param options fleetsim.SmsGatewayOptions
function test:sms_gateway(options) end

---@param kind string
---@param payload string
---@param qos? 0|1
---@return boolean sent
function car:telemetry(kind, payload, qos) end

---@class fleetsim.CollectRule
---@field signals? string[] paths or VSS paths
---@field every? number seconds
---@field on_change? boolean|number by at least so much
---@field when? string condition, such as "driving.speed > 50"
---@field before? number seconds before the condition holds
---@field after? number seconds after it ceased to

---@class fleetsim.CollectOptions: fleetsim.CollectRule
---@field rules? fleetsim.CollectRule[]
---@field format? "json"|"cbor"|"compact"
---@field topic? string with {thing}, {vin}, {model}, {kind}
---@field kind? string "telemetry"
---@field qos? 0|1 1
---@field compress? "deflate"
---@field encrypt? string[] signals
---@field key? string 64 hexadecimal digits
---@field batch? { count?: integer, seconds?: number } 30 samples, 60 s
---@field offline? { samples?: integer, persist?: boolean } 1000; false: lost with power
---@field campaigns? boolean false: takes none from the cloud

---From now on the car collects telemetry; nil ends that. See docs/telemetry.md.
---@param options? fleetsim.CollectOptions
function car:collect(options) end

---Sends what was collected.
---@return integer waiting samples that still wait
function car:flush_telemetry() end

---A line in the car's timeline.
---@param text any
function car:log(text) end

---@param lines? integer 40
---@return string
function car:timeline(lines) end

---Puts the car on a mobile network (docs/radio.md); without an argument: how it is now.
---@param network? string|fleetsim.RadioOptions
---@return fleetsim.Radio? radio
function car:radio(network) end

---@param low? integer
---@param high? integer
---@return number
function car:random(low, high) end

---A motor moves: simulated time passes.
---@param seconds number
function car:work(seconds) end

---Moves a numeric signal to its target.
---@param path string
---@param target number
---@param per_second number
---@param step? number seconds between two shown values, 0.25
function car:glide(path, target, per_second, step) end

---Raises a refusal.
---@param code string
---@param description? string
function car:refuse(code, description) end

---Raises a failure: tried, and could not.
---@param code string
---@param description? string
function car:fail(code, description) end

---What `target` (a part, a signal, an action, "all") is asked to do comes to this: docs/outcomes.md.
---@param target string
---@param outcome string such as "refuse:DOOR_OPEN", "delay:10s", "timeout", "jam"
---@param options? { times?: integer }
---@return fleetsim.Car
function car:pin(target, outcome, options) end

---Takes away all pins of a target; of the car, if none is given.
---@param target? string
---@return fleetsim.Car
function car:unpin(target) end

---@return { target: string, outcome: string, times?: integer }[]
function car:pins() end

---Its motor turns, but nothing moves any more; false: it is mended.
---@param target string
---@param jammed? boolean
---@return fleetsim.Car
function car:jam(target, jammed) end

---Is the thing with this signal jammed?
---@param path string
---@return boolean
function car:jammed(path) end

---For parts that work by themselves: acts out what is pinned for the target, before it begins or at so many percent.
---@param target string
---@param percent? integer
function car:come_true(target, percent) end

---Runs fn(...) until it returns or power is lost.
---@param fn fun(...)
function car:spawn(fn, ...) end

---Calls fn(car) later, once; again with the same function, the new time counts. Ends with the car's power.
---@param seconds number simulated
---@param fn fun(car: fleetsim.Car)
function car:after(seconds, fn) end

---Empty again after a loss of power.
---@return table
function car:memory() end

---Simulated seconds since the run began.
---@return number
function car:clock() end

---The parts of its model, as their builders made them; after a reload `before` are those that they replaced.
---@return table[]
function car:parts() end

---@class fleetsim.Companion
local app = {}

---Waits for the next event that the app sees and that fits, from now on.
---@param kind? string|string[] "accepted", "rejected", "delta", "documents", "response", "presence", "message"
---@param which? fleetsim.Which
---@param timeout? number real seconds (10)
---@return fleetsim.Event
function app:wait_event(kind, which, timeout) end

---@param kind? string|string[]
---@param which? fleetsim.Which
---@return fleetsim.Stream
function app:events(kind, which) end

---Writes to the desired section; the command ends when the car reports all of it.
---@param car fleetsim.Car
---@param state table
---@param options? { wake?: boolean, name?: string, late?: number }
---@return fleetsim.Command
function app:desire(car, state, options) end

---@class fleetsim.RequestOptions
---@field expiry? number seconds for which it is valid
---@field expires_in? number negative: expired that many seconds ago
---@field id? string|fleetsim.Command to be repeated
---@field wake? boolean false: no text message if the car is asleep
---@field bare? boolean true: without MQTT 5 properties
---@field late? number seconds by which it is sent too late

---Sends a request; the command ends when the car answers.
---@param car fleetsim.Car
---@param what table
---@param options? fleetsim.RequestOptions
---@return fleetsim.Command
function app:request(car, what, options) end

---Starts an execution of AWS IoT Commands; only with a local cloud.
---@param car fleetsim.Car
---@param what table
---@param options? { timeout?: integer, id?: string|fleetsim.Command, wake?: boolean }
---@return fleetsim.Command
function app:execute(car, what, options) end

---@class fleetsim.JobAbort
---@field of? "FAILED"|"REJECTED"|"TIMED_OUT"|"ALL"
---@field percent number
---@field after? integer of things that have ended (1)

---@class fleetsim.JobOptions
---@field id? string
---@field description? string
---@field rate? integer things a minute; without it all at once
---@field abort? fleetsim.JobAbort|fleetsim.JobAbort[]
---@field timeout? integer minutes in progress
---@field retries? integer
---@field continuous? boolean for things that join the groups later, too
---@field url_seconds? integer how long presigned URLs are good (3600)

---Creates an AWS IoT Job; only with a local cloud.
---@param cars fleetsim.Car|fleetsim.Fleet|fleetsim.Group|(fleetsim.Car|fleetsim.Group|string)[]
---@param document table
---@param options? fleetsim.JobOptions
---@return fleetsim.Job
function app:create_job(cars, document, options) end

---Asks a car with the part diagnostics; its answer.
---@param car fleetsim.Car
---@param command "read_faults"|"read_freeze_frame"|"clear_faults"|"read_identity"|"read_data"|"run_routine"
---@param options? { parameters?: table, id?: string, timeout?: number }
---@return table
function app:diagnose(car, command, options) end

---@class fleetsim.Behavior
---@field metric string "aws:all-bytes-out", … or a custom metric
---@field name? string the metric
---@field less_than? number
---@field less_than_equals? number
---@field greater_than? number
---@field greater_than_equals? number
---@field in_cidr_set? string[]
---@field not_in_cidr_set? string[]
---@field in_port_set? integer[]
---@field not_in_port_set? integer[]
---@field in_set? (string|number)[]
---@field not_in_set? (string|number)[]
---@field seconds? 300|600|900|1800|3600
---@field alarm_after? integer
---@field clear_after? integer

---@class fleetsim.SecurityProfile
---@field behaviors fleetsim.Behavior[]
---@field cars? fleetsim.Car|fleetsim.Fleet|(fleetsim.Car|string)[] all
---@field targets? (fleetsim.Group|string)[] groups, or "all/things", "all/registered-things", "all/unregistered-things"
---@field mitigations? ("UPDATE_DEVICE_CERTIFICATE"|"REPLACE_DEFAULT_POLICY_VERSION"|"ADD_THINGS_TO_THING_GROUP"|"DELETE_CONNECTION")[]
---@field group? string

---@class fleetsim.Campaign
---@field scheme table a CollectionScheme
---@field cars? fleetsim.Car|fleetsim.Fleet|(fleetsim.Car|string)[] all
---@field topic? string where data goes as JSON
---@field dimensions? string[] attributes of things

---A campaign of AWS IoT FleetWise; only with a local cloud.
---@param name string
---@param campaign fleetsim.Campaign
function app:put_campaign(name, campaign) end

---@param name string
function app:delete_campaign(name) end

---The names of all campaigns.
---@return string[]
function app:campaigns() end

---@param id string
---@param manifest { manifest: table, names?: table<string, string> }
function app:put_decoder_manifest(id, manifest) end

---@param id string
function app:delete_decoder_manifest(id) end

---A state template of AWS IoT FleetWise.
---@param id string
---@param template { signals: integer[], manifest: string, period?: number, cars?: fleetsim.Car|fleetsim.Fleet|(fleetsim.Car|string)[] }
function app:put_state_template(id, template) end

---@param id string
function app:delete_state_template(id) end

---What AWS IoT Device Defender is to take as normal; only with a local cloud.
---@param name string
---@param profile fleetsim.SecurityProfile
function app:put_security_profile(name, profile) end

---It is for that target, too.
---@param name string
---@param target fleetsim.Car|fleetsim.Group|string a car, a group, or "all/things", …
function app:attach_security_profile(name, target) end

---It is not for that target any more; alarms about whom it is not for are invalidated.
---@param name string
---@param target fleetsim.Car|fleetsim.Group|string
function app:detach_security_profile(name, target) end

---Forgets it.
---@param name string
function app:delete_security_profile(name) end

---The latest alerts of Device Defender, oldest first.
---@param car? fleetsim.Car
---@return table[]
function app:violations(car) end

---Puts an AWS IoT policy into the cloud; only with a local cloud.
---@param name string
---@param document table|string a whole document, or short: a statement, or a list of them
---@return string name
function app:put_policy(name, document) end

---Deletes a policy, or brings back a default.
---@param name string
function app:delete_policy(name) end

---@param name string
---@param target fleetsim.Car|fleetsim.Group|string or "thing/NAME", "group/NAME", "cert/ID"
function app:attach_policy(name, target) end

---@param name string
---@param target fleetsim.Car|fleetsim.Group|string
function app:detach_policy(name, target) end

---@class fleetsim.Decision
---@field allowed boolean
---@field policy? string whose statement decides
---@field statement? integer from 0
---@field sid? string
---@field policies string[] all that the car has

---May the car do that, and which statement says so?
---@param car fleetsim.Car|string
---@param action "connect"|"publish"|"retain-publish"|"subscribe"|"receive"
---@param resource? string topic or filter
---@param will? { topic: string, retain?: boolean } of a "connect"
---@return fleetsim.Decision
function app:test_policy(car, action, resource, will) end

---@class fleetsim.Thing
---@field name string
---@field type? string
---@field attributes table<string, string>
---@field groups string[]
---@field connected boolean
---@field since? integer milliseconds
---@field reason? string why the connection has ended
---@field shadow { desired?: table, reported?: table, delta?: table }

---The things that match a query of the fleet index; only with a local cloud.
---@param query? string
---@return fleetsim.Thing[]
function app:things(query) end

---@param query? string
---@return integer
function app:count_things(query) end

---What the registry says of a car.
---@param car fleetsim.Car
---@param thing { type?: string, attributes?: table<string, string> }
function app:set_thing(car, thing) end

---A new group of things; only with a local cloud.
---@param name string
---@param options? { parent?: fleetsim.Group|string, query?: string }
---@return fleetsim.Group
function app:create_group(name, options) end

---@param name string
---@return fleetsim.Group
function app:group(name) end

---How the registry has a thing; only with a local cloud, like all of the registry.
---@param car fleetsim.Car|string
---@return { thingName: string, thingTypeName?: string, attributes: table<string, string>, version: integer, principals: string[], connected: boolean }
function app:thing(car) end

---@param car fleetsim.Car|string
---@param options? { type?: string, attributes?: table<string, string> }
function app:create_thing(car, options) end

---@param certificate fleetsim.Car|string by id, or the car that shows it
---@param car fleetsim.Car|string
function app:attach_thing(certificate, car) end

---@param certificate fleetsim.Car|string
---@param car fleetsim.Car|string
function app:detach_thing(certificate, car) end

---How the registry has a certificate.
---@param certificate fleetsim.Car|string by id, or the car that shows it
---@return { certificateId: string, caCertificateId?: string, status: string, policies: string[], things: string[], certificatePem?: string }
function app:certificate(certificate) end

---@param certificate fleetsim.Car|string
---@param status "ACTIVE"|"INACTIVE"|"REVOKED"
function app:set_certificate(certificate, status) end

---@class fleetsim.AuthorityOptions
---@field activate_after? number seconds until what was registered becomes ACTIVE
---@field template? string provisions what is registered
---@field registers? boolean

---Registers the authority of a factory; its id.
---@param name string
---@param options? fleetsim.AuthorityOptions
---@return string
function app:register_factory(name, options) end

---@param id string
---@param options fleetsim.AuthorityOptions
function app:update_authority(id, options) end

---A provisioning template, with who may be provisioned.
---@param name string
---@param body table
---@param options? { allow?: table<string, string>, hook?: fun(parameters: table<string, string>, question: table): boolean, table? }
function app:create_template(name, body, options) end

---@param name string
function app:delete_template(name) end

---Puts a file into a stream; what the document of a job says of it.
---@param id string
---@param bytes string
---@param options? { file?: integer }
---@return { id: string, file: integer, size: integer, sha256: string }
function app:put_stream(id, bytes, options) end

---@class fleetsim.Codesign
---@field signature string base64
---@field certificate string PEM
---@field hashAlgorithm string
---@field signatureAlgorithm string

---Puts a file where the local cloud's artifact server hands it out.
---@param path string
---@param bytes string
---@param options? { faults?: string[], sign?: string }
---@return { url: string, size: integer, sha256: string, codesign: fleetsim.Codesign? }
function app:put_artifact(path, bytes, options) end

---Signs bytes as code of vehicles is signed.
---@param bytes string
---@param options? { by?: string, from?: number, till?: number }
---@return fleetsim.Codesign
function app:sign(bytes, options) end

---Forgets a stream and its files.
---@param id string
function app:delete_stream(id) end

---The job of that id, whoever has created it.
---@param id string
---@return fleetsim.Job
function app:job(id) end

---All jobs that the service knows, oldest first.
---@return fleetsim.JobStatus[]
function app:jobs() end

---Are events of jobs and executions published from now on?
---@param on boolean
function app:job_events(on) end

---@param car fleetsim.Car
---@param options? { name?: string } of a named shadow
---@return { version: integer, exists: boolean, desired: table, reported: table }
function app:shadow(car, options) end

---Anything to the shadow's update topic; a command if it was a table.
---@param car fleetsim.Car
---@param document table
---@param options? { name?: string } of a named shadow
---@return fleetsim.Command
---@overload fun(self: fleetsim.Companion, car: fleetsim.Car, document: string, options?: { name?: string })
function app:update(car, document, options) end

---@class fleetsim.Granted
---@field reason_code integer
---@field reason string
---@field text? string

---@class fleetsim.SubscribeOptions
---@field qos? 0|1|2 1
---@field share? string group whose members share the messages
---@field no_local? boolean
---@field retain_as_published? boolean
---@field retain_handling? 0|1|2
---@field identifier? integer
---@field timeout? number real seconds, 10

---Subscribes and waits for the answer; by filter for a list.
---@param filter string|string[]
---@param options? fleetsim.SubscribeOptions
---@return fleetsim.Granted|table<string, fleetsim.Granted>
function app:subscribe(filter, options) end

---@param filter string a shared one in full
---@return fleetsim.Granted
function app:unsubscribe(filter) end

---@class fleetsim.PublishOptions
---@field qos? 0|1|2 1
---@field retain? boolean
---@field expiry? integer seconds
---@field content_type? string
---@field response_topic? string
---@field correlation? string
---@field user? table<string, string|string[]>
---@field timeout? number real seconds, 10

---Publishes and waits for the answer.
---@param topic string
---@param payload string|table a table is sent as JSON
---@param options? fleetsim.PublishOptions
---@return fleetsim.Granted
function app:publish(topic, payload, options) end

---@class fleetsim.Message
---@field topic string
---@field payload string
---@field qos 0|1|2
---@field retain boolean
---@field dup boolean
---@field content_type? string
---@field response_topic? string
---@field correlation? string
---@field expiry? integer
---@field subscription_identifier? integer
---@field user table<string, string|string[]>

---Takes the oldest message that matches.
---@param filter string
---@param timeout? number real seconds, 10
---@return fleetsim.Message
function app:wait_message(filter, timeout) end

---What has come and was not taken.
---@param filter? string
---@return fleetsim.Message[]
function app:messages(filter) end

---@return { connected: boolean, losses: integer, reason_code: integer, reason: string, client_id: string }
function app:connection() end

---@param car fleetsim.Car
---@param options? { name?: string } of a named shadow
function app:delete_shadow(car, options) end

---@param car fleetsim.Car
---@return boolean? online nil: no event has come
function app:sees_online(car) end

---@class fleetsim.Answer
---@field status "SUCCEEDED"|"REJECTED"|"FAILED"|"TIMED_OUT"
---@field reason? string
---@field description? string
---@field code? integer of the cloud's refusal
---@field message? string of the cloud's refusal
---@field version? integer of the shadow, for app:update
---@field requestId? string
---@field completedAt? integer

---@class fleetsim.Command
local command = {}

---@param timeout? number real seconds, 10
---@return fleetsim.Answer
function command:await(timeout) end

---Waits until it has passed a stage; real seconds after it was to be sent.
---@param stage "intended"|"sent"|"accepted"|"sms_sent"|"woken"|"booted"|"tcp_up"|"tls_done"|"connacked"|"connected"|"received"|"started"|"acted"|"reported"|"report_accepted"|"seen"
---@param timeout? number real seconds (10)
---@return number
function command:wait_stage(stage, timeout) end

---The stages that it has passed, with their times.
---@return table<string, number>
function command:stages() end

---@return boolean
function command:done() end

---@return fleetsim.Answer?
function command:answer() end

---How many responses have come, repeated ones included.
---@return integer
function command:answers() end

---@class fleetsim.JobCount
---@field queued integer
---@field in_progress integer
---@field succeeded integer
---@field failed integer
---@field rejected integer
---@field timed_out integer
---@field canceled integer
---@field removed integer

---@class fleetsim.JobStatus
---@field jobId string
---@field status "IN_PROGRESS"|"COMPLETED"|"CANCELED"
---@field count fleetsim.JobCount
---@field numberOfTargets integer
---@field document? table
---@field description? string
---@field reasonCode? string
---@field comment? string
---@field createdAt integer
---@field completedAt? integer

---@class fleetsim.JobExecution
---@field jobId string
---@field thingName string
---@field status "QUEUED"|"IN_PROGRESS"|"SUCCEEDED"|"FAILED"|"REJECTED"|"TIMED_OUT"|"CANCELED"|"REMOVED"
---@field statusDetails table<string, string>
---@field executionNumber integer
---@field versionNumber integer
---@field queuedAt integer
---@field startedAt? integer
---@field lastUpdatedAt integer
---@field approximateSecondsBeforeTimedOut? integer

---@class fleetsim.Group
---@field name string
---@field app fleetsim.Companion
local group = {}

---Puts in a car, a fleet, or a list of cars and names of things.
---@param cars fleetsim.Car|fleetsim.Fleet|(fleetsim.Car|string)[]
function group:add(cars) end

---@param cars fleetsim.Car|fleetsim.Fleet|(fleetsim.Car|string)[]
function group:remove(cars) end

---@param recursive? boolean those of its descendants, too
---@return string[]
function group:things(recursive) end

function group:delete() end

---@class fleetsim.Job
---@field id string
---@field app fleetsim.Companion
local job = {}

---@return fleetsim.JobStatus
function job:status() end

---Waits until nothing of it is queued or in progress any more.
---@param timeout? number seconds (60)
---@return fleetsim.JobStatus
function job:await(timeout) end

---@param status? string of these alone
---@return fleetsim.JobExecution[]
function job:executions(status) end

---@param car fleetsim.Car
---@return fleetsim.JobExecution
function job:execution(car) end

---Waits until a car's execution has that status, or is as the function wants it.
---@param car fleetsim.Car
---@param wanted string|fun(execution: fleetsim.JobExecution): any
---@param timeout? number seconds (30)
---@return fleetsim.JobExecution
function job:wait_execution(car, wanted, timeout) end

---@param options? { force?: boolean, reason?: string, comment?: string }
function job:cancel(options) end

---@param car fleetsim.Car
---@param options? { force?: boolean }
function job:cancel_execution(car, options) end

---As if the car's thing were deleted.
---@param car fleetsim.Car
function job:remove(car) end

---@param options? { force?: boolean }
function job:delete(options) end

---@class fleetsim.Service
local service = {}

---@param name string
---@param options? { cars?: fleetsim.Car[] }
---@return fleetsim.User
function service:user(name, options) end

---@class fleetsim.OrderOptions
---@field user? fleetsim.User|string
---@field channel? string "app", "voice", "web"; "app"
---@field expiry? number seconds, 60
---@field id? string|fleetsim.Order

---@param car fleetsim.Car
---@param what table
---@param options? fleetsim.OrderOptions
---@return fleetsim.Order
function service:command(car, what, options) end

---@param car fleetsim.Car
---@return string # "unknown", "online", "leaving" or "offline"
function service:presence(car) end

---It goes away; its session is kept.
function service:close() end

---@param timeout? number real seconds, 10
function service:open(timeout) end

---@return { ready: boolean, losses: integer, client_id: string }
function service:connection() end

---@class fleetsim.User
---@field name string
local user = {}

---@param options? { timeout?: number }
---@return fleetsim.UserApp
function user:app(options) end

---@class fleetsim.News
---@field requestId string
---@field car string
---@field user? string
---@field channel string
---@field status string
---@field reason? string
---@field description? string
---@field command table
---@field at integer ms since 1970

---@class fleetsim.UserApp: fleetsim.Companion
local user_app = {}

---@param command? fleetsim.Order|string
---@return fleetsim.News[]
function user_app:news(command) end

---@param command fleetsim.Order|string
---@param status string
---@param timeout? number real seconds, 10
---@return fleetsim.News
function user_app:wait_status(command, status, timeout) end

---@class fleetsim.Order
local order = {}

---@param timeout? number real seconds; until a little after its expiry
---@return fleetsim.Answer
function order:await(timeout) end

---@param status string
---@param timeout? number real seconds, 10
---@return number # when, as t:now counts
function order:await_status(status, timeout) end

---@return string
function order:status() end

---@return string[]
function order:statuses() end

---@return boolean
function order:done() end

---@return fleetsim.Answer?
function order:answer() end

---@return string
function order:id() end
