import { recordListing } from "./host.ts";

/** Before the first test file: what is on the machine while nothing of ours runs, for the test of `make down` to compare with. */
export default recordListing;
