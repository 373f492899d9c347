import { Service } from "../../lib/index.js";

// A service in a process of its own, to be killed: prints where it listens.
const [folder, store, trainOn] = process.argv.slice(2) as [string, string, string];
const service = await Service.start({
  ...{ folder, store, trainOn: [trainOn], port: 0, threads: 1, poll: 50, logLevel: "silent" },
});
console.log(service.url);
