/*
 * What Candor asks of a cluster's message passing: who takes part, and bytes from one process to another.
 *
 * One library for each MPI that there is a compiler for. The functions are to be called by one thread, the one that called
 * candor_mpi_open. They return 0, or an error's code, whose sentence candor_mpi_last_error gives.
 */
#ifndef CANDOR_MPI_H
#define CANDOR_MPI_H

#include <stdint.h>

#define CANDOR_MPI_API_VERSION 1

int candor_mpi_api_version(void);

/* The sentence of the last error; valid until the next one. */
const char *candor_mpi_last_error(void);

/* Ranks and sizes of a process. */
typedef struct candor_mpi_place {
    int32_t rank;
    int32_t size;
    int32_t local_rank; /* among the processes of its machine */
    int32_t local_size;
} candor_mpi_place;

/*
 * Joins the processes that were started with this one.
 *
 * name (capacity) = what the MPI calls itself and its version, cut to fit
 */
int candor_mpi_open(candor_mpi_place *place, char *name, int32_t capacity);

/* Begins to send bytes; request = its handle. They stay as they are until the request is done. */
int candor_mpi_send(void **request, const void *bytes, int32_t count, int32_t to, int32_t tag);

/* Begins to receive as many bytes. */
int candor_mpi_receive(void **request, void *bytes, int32_t count, int32_t from, int32_t tag);

/* Begins to spread the root's bytes; all processes begin their broadcasts in the same order. */
int candor_mpi_broadcast(void **request, void *bytes, int32_t count, int32_t root);

/* Lets messages move. The handles of those that are done become null; pending = how many are not. */
int candor_mpi_test(void **requests, int32_t count, int32_t *pending);

/* Sends a text beside all other messages; nobody waits for it. */
int candor_mpi_tell(const char *text, int32_t to);

/*
 * Takes a text that candor_mpi_tell sent here, if one has come.
 *
 * from = its sender, or -1 where none has come; text (capacity) = it, cut to fit
 */
int candor_mpi_told(int32_t *from, char *text, int32_t capacity);

/* Leaves, when all others do. */
int candor_mpi_close(void);

#endif
