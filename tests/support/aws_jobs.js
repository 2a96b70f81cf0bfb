// A device on AWS's own SDK (aws-iot-device-sdk-v2): hears of its next job, starts it, tells how far it is, ends it.
// Usage: node aws_jobs.js HOST PORT CA CERTIFICATE KEY THING; prints a line of JSON for each step.
'use strict';
const { mqtt5, iot, iotjobs } = require('aws-iot-device-sdk-v2');

const [host, port, ca, certificate, key, thing] = process.argv.slice(2);

function say(step, details) {
  console.log(JSON.stringify({ step, ...details }));
}

async function connect() {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(host, certificate, key);
  builder.withCertificateAuthorityFromPath(undefined, ca);
  builder.withConnectProperties({ clientId: thing, keepAliveIntervalSeconds: 30 });
  builder.withPort(Number(port));
  const client = new mqtt5.Mqtt5Client(builder.build());
  const connected = new Promise((resolve, reject) => {
    client.on('connectionSuccess', resolve);
    client.on('connectionFailure', (event) => reject(new Error(String(event.error))));
  });
  client.start();
  await connected;
  return client;
}

async function main() {
  const client = await connect();
  const jobs = iotjobs.IotJobsClientv2.newFromMqtt5(client, {
    maxRequestResponseSubscriptions: 6, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 10,
  });
  const news = jobs.createNextJobExecutionChangedStream({ thingName: thing });
  const listening = new Promise((resolve) => news.on('subscriptionStatus', resolve));
  const changed = new Promise((resolve) => news.on('incomingPublish', (event) => resolve(event.message)));
  news.open();
  await listening;
  say('listening', {});

  const told = await changed;
  say('notified', { jobId: told.execution.jobId });
  const pending = await jobs.getPendingJobExecutions({ thingName: thing });
  say('pending', { queued: pending.queuedJobs.map((job) => job.jobId) });
  const started = await jobs.startNextPendingJobExecution({
    thingName: thing, statusDetails: { step: 'downloading' }, stepTimeoutInMinutes: 10,
  });
  say('started', {
    jobId: started.execution.jobId, version: started.execution.versionNumber, document: started.execution.jobDocument,
  });
  const half = await jobs.updateJobExecution({
    thingName: thing, jobId: started.execution.jobId, status: 'IN_PROGRESS', statusDetails: { progress: '50' },
    expectedVersion: started.execution.versionNumber, includeJobExecutionState: true,
  });
  say('half', { version: half.executionState.versionNumber });
  try {
    await jobs.updateJobExecution({
      thingName: thing, jobId: started.execution.jobId, status: 'SUCCEEDED', expectedVersion: 1,
    });
    say('not refused', {});
  } catch (error) {
    say('refused', { code: error.modeledError && error.modeledError.code });
  }
  const described = await jobs.describeJobExecution({ thingName: thing, jobId: started.execution.jobId });
  say('described', { status: described.execution.status, details: described.execution.statusDetails });
  await jobs.updateJobExecution({
    thingName: thing, jobId: started.execution.jobId, status: 'SUCCEEDED', statusDetails: { version: '2.0' },
    expectedVersion: half.executionState.versionNumber,
  });
  say('succeeded', {});
  news.close();
  jobs.close();
  client.stop();
}

main().then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
