import { expect, test } from "@jest/globals";
import { differences, type HostListing } from "../../wire/support/host.ts";

const nothing: HostListing = {
  processes: [],
  mounts: [],
  networkNamespaces: [],
  interfaces: [],
  firewall: [],
  containers: [],
  volumes: [],
  networks: [],
};

test("the same twice is no difference", () => {
  const listing = { ...nothing, processes: ["7 sleep"], firewall: ["-A INPUT -j ACCEPT"] };
  expect(differences(listing, listing)).toEqual({});
});

test("what came and what went are told, each by its kind and as often as it is there", () => {
  const before = { ...nothing, mounts: ["/a tmpfs"], volumes: ["theirs"] };
  const now = { ...nothing, mounts: ["/a tmpfs", "/a tmpfs"], volumes: [] };
  expect(differences(before, now)).toEqual({ mounts: ["+ /a tmpfs"], volumes: ["- theirs"] });
});

test("processes of families that were there before may come and go", () => {
  const before = { ...nothing, processes: ["7 make", "8 sleep"] };
  expect(differences(before, { ...nothing, processes: ["7 node"] })).toEqual({});
  expect(differences(before, { ...nothing, processes: ["9 conmon"] })).toEqual({ processes: ["+ 9 conmon"] });
});

test("rules that podman left when its machine was cut off may go, and none may stay", () => {
  const rule = "-A POSTROUTING -j NETAVARK-HOSTPORT-MASQ";
  expect(differences({ ...nothing, firewall: [rule] }, nothing)).toEqual({});
  expect(differences(nothing, { ...nothing, firewall: [rule] })).toEqual({ firewall: [`+ ${rule}`] });
  expect(differences({ ...nothing, firewall: ["-A INPUT -j DROP"] }, nothing)).toEqual({ firewall: ["- -A INPUT -j DROP"] });
});
