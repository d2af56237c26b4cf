/**
 * Processes that {@code mpirun} or {@code srun} started together. {@link candor.comm.mpi.Launch} finds out from the environment
 * whether that is so, and {@link candor.comm.mpi.MpiCommunicator} moves their bytes: one thread makes all calls, lets messages
 * move while others compute, and notices processes that are gone.
 */
package candor.comm.mpi;
