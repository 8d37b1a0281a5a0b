/** Where PostgreSQL listens, in its pod and behind its Service. */
export const databasePort = 5432;
