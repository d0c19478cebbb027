#ifndef CTESTTASKS_H
#define CTESTTASKS_H

// Runs the Swift tasks of a program that links this on CTaskPool's threads, of which there are many, from its start on;
// there is nothing to call. libdispatch has one for each CPU, and under load often fewer that run: one test that computes
// for minutes keeps all others, and the servers and clients that they wait for, from theirs.

#endif
