import { describe, expect, test } from "vitest";
import type { ApplicationDeclaration } from "../../../model/application.ts";
import { checkApplications } from "../../../model/checks/check.ts";
import { application, deployed, image, problems, program, shop } from "../support/stores.ts";

/*
 * Jobs, which end: once or by a schedule, and before whom.
 */

const ofJob = (options: object, more: object = {}) => problems({ jobs: { migrate: { image, ...options } }, ...more });

describe("a job", () => {
  const migrate = (options: object) => deployed({ jobs: { migrate: { image, ...options } } }).jobs?.[0];

  test("runs once, unless it is said otherwise, fails three times at most, and takes ten minutes", () => {
    expect(migrate({})).toEqual({
      name: "migrate",
      program: { image, env: {} },
      calls: [],
      egress: [],
      retries: 3,
      seconds: 600,
      container: { user: 10_001, group: 10_001, scratch: {}, files: {}, pullSecrets: [] },
      initContainers: [],
    });
  });

  test("says how often, how long and when", () => {
    const night = { schedule: "0 3 * * *", timeZone: "Europe/Berlin" };
    expect(migrate({ ...night, retries: 0, timeout: "1.5m" })).toMatchObject({ ...night, retries: 0, seconds: 90 });
    expect(migrate({ before: "deploy" })).toMatchObject({ before: "deploy" });
    expect(migrate({ before: ["shop"] })).toMatchObject({ before: ["shop"] });
  });

  test.each(["Etc/UTC", "UTC", "America/Argentina/Buenos_Aires", "Etc/GMT-14", "America/Port-au-Prince"])(
    "may be of the zone %s",
    (timeZone) => {
      expect(migrate({ schedule: "0 3 * * *", timeZone })).toMatchObject({ timeZone });
    },
  );

  const fields =
    "five fields with a space between, for minute, hour, day of the month, month and day of the week, such as 0 3 * * *";
  const zone = "the name of a time zone, such as Europe/Berlin or Etc/UTC";
  test.each<[string, object, string]>([
    ["a word for a schedule", { schedule: "@daily" }, `schedule is "@daily"; allowed: ${fields}`],
    ["a schedule that is no text", { schedule: 5 }, `schedule is 5; allowed: ${fields}`],
    ...["Europe/Nowhere", "europe/berlin", "EUROPE/BERLIN", "+01:00", "Local", ""].map((timeZone): [string, object, string] => [
      `the zone ${JSON.stringify(timeZone)}`,
      { schedule: "0 3 * * *", timeZone },
      `timeZone is "${timeZone}"; allowed: ${zone}`,
    ]),
    ["a zone without a schedule", { timeZone: "Etc/UTC" }, 'timeZone is "Etc/UTC"; allowed: nothing without a schedule'],
    [
      "somebody who waits for a schedule",
      { before: ["shop"], schedule: "0 3 * * *" },
      'before is ["shop"]; allowed: nothing with a schedule: what is deployed does not wait for it',
    ],
    [
      "everybody waiting for a schedule",
      { before: "deploy", schedule: "0 3 * * *" },
      'before is "deploy"; allowed: nothing with a schedule: what is deployed does not wait for it',
    ],
    [
      "another word before",
      { before: "start" },
      'before is "start"; allowed: deploy, or a list of names of services and workers',
    ],
    ["nobody before", { before: [] }, "before is []; allowed: a list of names of services and workers, at least 1"],
    ["somebody twice before", { before: ["shop", "shop"] }, 'before[1] is "shop"; allowed: what the list does not have already'],
    ["fewer tries than none", { retries: -1 }, "retries is -1; allowed: a whole number from 0 to 20"],
    ["too many tries", { retries: 21 }, "retries is 21; allowed: a whole number from 0 to 20"],
    [
      "a part of a second",
      { timeout: "1500ms" },
      'timeout is "1500ms"; allowed: a duration from 1s to 1440m in whole seconds, such as 30s or 10m',
    ],
    [
      "a command for a program",
      { image: program, command: ["/a"] },
      'command is ["/a"]; allowed: none with image.source, which is the program that runs',
    ],
    ...["ports", "probes", "replicas", "versions", "exposed"].map((option): [string, object, string] => [
      `a key of others, ${option}`,
      { [option]: {} },
      `${option} is not a key; allowed: image, command, args, container, initContainers, resources, env, calls, egress, before, schedule, timeZone, retries, timeout`,
    ]),
  ])("is refused with %s", (_what, options, sentence) => {
    expect(ofJob(options)).toEqual([`migrate ${sentence}`]);
  });
});

describe("whoever waits for a job", () => {
  test("is a service or a worker of the application, and nothing else", () => {
    const workers = { workers: { mailer: { image } } };
    expect(ofJob({ before: ["shop", "mailer"] }, workers)).toEqual([]);
    for (const name of ["shp", "stock", "migrate", "stores/shop"]) {
      expect(ofJob({ before: ["shop", name] }, workers)).toEqual([
        `migrate before[1] is "${name}"; allowed: one of shop, queue, mailer`,
      ]);
    }
    expect(ofJob({ before: ["shop"] }, { services: {} })).toEqual([
      'migrate before[0] is "shop"; allowed: one of the services and workers, of which there are none',
    ]);
  });

  test("may itself be wrong, which is told alone", () => {
    expect(ofJob({ before: ["shop"] }, { services: { shop: { ...shop, replicas: 0 } } })).toEqual([
      "shop replicas is 0; allowed: a whole number from 1 to 50",
    ]);
  });

  test("is nobody whom the job calls, or neither would ever begin", () => {
    const refused = (name: string) => `a workload that does not wait for the job, as its before says of ${name}`;
    const calls = [{ to: "stock" }, { to: "queue" }, { to: "stores/shop" }];
    expect(ofJob({ before: ["shop"], calls })).toEqual([`migrate calls[2].to is "stores/shop"; allowed: ${refused("shop")}`]);
    expect(ofJob({ before: "deploy", calls })).toEqual([
      `migrate calls[1].to is "queue"; allowed: ${refused("queue")}`,
      `migrate calls[2].to is "stores/shop"; allowed: ${refused("shop")}`,
    ]);
    expect(ofJob({ calls })).toEqual([]);
  });

  test("is no service of the same name in another application", () => {
    const other = { namespace: "other", services: { shop } } as unknown as ApplicationDeclaration;
    const job = { image, before: "deploy", calls: [{ to: "other/shop" }] };
    expect(checkApplications([application({ jobs: { migrate: job } }), other], { gateways: [] }).problems).toEqual([]);
  });
});
