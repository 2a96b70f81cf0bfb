// MQTT.js doing the work of fleetsim-bench (tests/bench/bench.h, tests/bench/driver.c): connect 80 at a time, subscribe,
// warm up for a second, then 128 publishes on their way, the next car in turn whenever a message has come back.
//
//     node mqttjs.js FOLDER CA PORT VEHICLES SECONDS    FOLDER/car-K/cert.pem, key.pem; one JSON object on stdout
'use strict';
const fs = require('fs');
const path = require('path');
const mqtt = require('mqtt');

const CONNECTING = 80, OUTSTANDING = 128, KEEP_ALIVE = 600, WARM_UP_MS = 1000;
const [folder, caFile] = process.argv.slice(2, 4);
const [port, vehicles, seconds] = process.argv.slice(4, 7).map(Number);
const ca = fs.readFileSync(caFile);
const payload = Buffer.alloc(200);
const clients = [];
const result = {};
let started = 0, connected = 0, ready = 0, next = 0, trips = 0, phase = 'connect', until = 0;

const topic = (k) => 'bench/' + String(k).padStart(8, '0');
const kilobytes = () => process.memoryUsage.rss() / 1024;
const cpu = () => { const u = process.cpuUsage(); return u.user + u.system; };
const now = () => Number(process.hrtime.bigint()) / 1e6; // ms

const memoryBefore = kilobytes();
let since = now(), cpuSince = cpu();

function fail(why) {
  process.stderr.write('mqttjs: ' + why + '\n');
  process.exit(1);
}

function publish(k) {
  clients[k].publish(topic(k), payload, { qos: 1 });
}

function onMessage() {
  trips++;
  if (phase === 'warm up' && now() >= until) {
    phase = 'measure';
    trips = 0;
    since = now();
    cpuSince = cpu();
    until = since + seconds * 1000;
  } else if (phase === 'measure' && now() >= until) {
    result.round_trips_per_s = trips * 1000 / (now() - since);
    result.cpu_us_per_round_trip = (cpu() - cpuSince) / Math.max(trips, 1);
    result.kb_per_connection_after = (kilobytes() - memoryBefore) / vehicles;
    fs.writeSync(1, JSON.stringify(result) + '\n');
    process.exit(0); // ending thousands of clients one by one is no part of the work
  }
  publish(next);
  next = (next + 1) % vehicles;
}

function onReady() {
  if (++ready < vehicles)
    return;
  result.kb_per_connection = (kilobytes() - memoryBefore) / vehicles;
  phase = 'warm up';
  until = now() + WARM_UP_MS;
  next = OUTSTANDING % vehicles;
  for (let i = 0; i < OUTSTANDING; i++)
    publish(i % vehicles);
}

function connect(k) {
  const car = path.join(folder, 'car-' + k);
  const client = mqtt.connect({
    protocol: 'mqtts', host: '127.0.0.1', port, clientId: topic(k), protocolVersion: 4, clean: true,
    keepalive: KEEP_ALIVE, reconnectPeriod: 0, connectTimeout: 120000, ca,
    cert: fs.readFileSync(path.join(car, 'cert.pem')), key: fs.readFileSync(path.join(car, 'key.pem')),
  });
  clients[k] = client;
  client.on('error', (e) => fail('car ' + k + ': ' + e.message));
  client.on('close', () => fail('car ' + k + ': connection lost'));
  client.on('message', onMessage);
  client.on('connect', function () {
    if (++connected === vehicles) {
      result.connects_per_s = vehicles * 1000 / (now() - since);
      result.cpu_us_per_connect = (cpu() - cpuSince) / vehicles;
    }
    client.subscribe(topic(k), { qos: 1 }, (e) => (e ? fail('subscribe: ' + e.message) : onReady()));
    if (started < vehicles)
      connect(started++);
  });
}

while (started < Math.min(vehicles, CONNECTING))
  connect(started++);
