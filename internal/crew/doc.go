// Package crew decides who works: which worker is leased to whom, who waits,
// when one is started, let go, or given up on. It knows neither processes nor
// tasks, and starts no goroutine.
//
//	w, err := c.Lease(ctx)    // the one that worked last, or wait in line for one
//	…
//	c.Release(w)              // whatever became of it meanwhile
//
// What it wants done it asks for by the functions of [Hands], without holding its
// lock; what happened it is told by Started, Failed and Died, from any goroutine.
//
// Workers are started when somebody waits and no more than that. Those that end
// before they have begun a task count as failures to start: after each the next
// try is put off for longer, and when [Budget] of them have come in a row, all who
// wait are told why, and so is whoever comes before the next try has succeeded.
package crew
