/**
 * Processes that compute one thing together. A {@link candor.comm.Communicator} says who one is among them and moves bytes
 * between them; it never adds numbers, so that what is added, and in which order, stays with who needs it.
 *
 * <p>{@link candor.comm.OneProcess} is a process alone; {@link candor.comm.ThreadCommunicator} lets threads of one JVM stand in
 * for processes; {@code candor.comm.mpi} is a cluster's message passing.
 */
package candor.comm;
