// Package activities does what workflows ask for: each is a thin call of the store, the mailer or the outside world.
//
// Only ids and codes return from here. Whatever else an error says (an address, a statement, a server's reply) stays in the
// process: [Coded] turns it into a code and writes the text to the log, redacted; [Codes] holds every activity of a worker to it.
package activities
