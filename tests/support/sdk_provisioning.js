// A device on AWS's SDK for JavaScript that gets a certificate by its claim, and connects with it. Usage:
// node sdk_provisioning.js MODULES HOST PORT FOLDER VIN; FOLDER has ca.pem, cert.pem, key.pem (the claim) and, for
// CreateCertificateFromCsr, car.csr and car.key. Prints a line of JSON.
const fs = require("fs");
const path = require("path");

const [modules, host, port, folder, vin] = process.argv.slice(2);
const { iot, iotidentity, mqtt5 } = require(path.join(modules, "aws-iot-device-sdk-v2"));
const file = (name) => path.join(folder, name);

function open(certificate, key, clientId) {
  const builder = iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromPath(
    host, file(certificate), file(key));
  builder.withCertificateAuthorityFromPath(undefined, file("ca.pem"));
  builder.withPort(Number(port));
  builder.withConnectProperties({ clientId, keepAliveIntervalSeconds: 30 });
  const client = new mqtt5.Mqtt5Client(builder.build());
  return new Promise((resolve, reject) => {
    client.on("connectionSuccess", () => resolve(client));
    client.on("connectionFailure", (event) => reject(event.error));
    client.start();
  });
}

async function provision(identity) {
  const csr = fs.existsSync(file("car.csr")) && fs.readFileSync(file("car.csr"), "utf8");
  const made = csr
    ? await identity.createCertificateFromCsr({ certificateSigningRequest: csr })
    : await identity.createKeysAndCertificate({});
  fs.writeFileSync(file("own.pem"), made.certificatePem);
  if (made.privateKey) {
    fs.writeFileSync(file("car.key"), made.privateKey, { mode: 0o600 });
  }
  const thing = await identity.registerThing({
    templateName: "fleetsim", certificateOwnershipToken: made.certificateOwnershipToken,
    parameters: { VIN: vin, Model: "sdk" },
  });
  return { certificateId: made.certificateId, thingName: thing.thingName };
}

async function refused(identity) {
  try {
    await identity.registerThing({ templateName: "fleetsim", certificateOwnershipToken: "nonsense", parameters: {} });
  } catch (error) {
    return error.modeledError || error.innerError || { errorCode: String(error) };
  }
  return { errorCode: "none" };
}

async function main() {
  const claim = await open("cert.pem", "key.pem", "claim-" + vin);
  const identity = iotidentity.IotIdentityClientv2.newFromMqtt5(claim, {
    maxRequestResponseSubscriptions: 6, maxStreamingSubscriptions: 2, operationTimeoutInSeconds: 10,
  });
  const refusal = await refused(identity);
  const done = await provision(identity);
  identity.close();
  claim.stop();
  const own = await open("own.pem", "car.key", done.thingName);
  await own.publish({ topicName: `dt/fleetsim/${vin}/hello`, qos: mqtt5.QoS.AtLeastOnce, payload: "{}" });
  console.log(JSON.stringify({ ...done, refusal }));
  // The test looks at the cloud while it is connected.
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
