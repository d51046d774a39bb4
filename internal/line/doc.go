// Package line carries tasks to one worker and their outcomes back, in order, so
// that however the worker dies it is exact which tasks have an outcome, which one
// was running, and which had not begun.
//
//	parent                                     worker
//	Line.Put, Flush   ── tasks, a socket ──▶   Worker.Run, one task after another
//	Line.Next         ◀── outcomes, the same
//	Line.Cancel       ── a second socket ──▶   ends the ctx of what runs
//	Line.Recall       ── the page ──▶          begins no more of what it has
//	Line.Salvage      ◀── the page: begun, and outcomes not sent yet
//
// The page is memory that both have mapped. Before a task is touched the worker
// counts it there as begun; outcomes that wait to be sent together wait in it
// rather than in memory that would die with the worker. Nothing in it is locked,
// and the parent reads outcomes from it only once the worker is dead.
//
// Each side is used by one goroutine at a time; Interrupt, Cancel, Running and
// Begun of a Line may be called beside it.
package line
