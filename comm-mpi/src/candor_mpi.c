/* See candor_mpi.h. Everything here is MPI 3.0, so that any MPI of the last ten years will do. */
#include "candor_mpi.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define API __attribute__((visibility("default")))

/* Messages with data, and texts: apart, so that neither is taken for the other. */
static MPI_Comm data = MPI_COMM_NULL;
static MPI_Comm texts = MPI_COMM_NULL;
static char last_error[MPI_MAX_ERROR_STRING + 64];

static int report(int code, const char *what) {
    if (code == MPI_SUCCESS) return 0;
    char reason[MPI_MAX_ERROR_STRING] = "";
    int length = 0;
    MPI_Error_string(code, reason, &length);
    snprintf(last_error, sizeof last_error, "%s: %s", what, reason);
    for (char *at = last_error; *at != 0; at++) {
        if (*at == '\n') *at = ' ';
    }
    return code;
}

static int out_of_memory(const char *what) {
    snprintf(last_error, sizeof last_error, "%s: out of memory", what);
    return -1;
}

API int candor_mpi_api_version(void) { return CANDOR_MPI_API_VERSION; }

API const char *candor_mpi_last_error(void) { return last_error; }

static int duplicate(MPI_Comm *to) {
    int code = MPI_Comm_dup(MPI_COMM_WORLD, to);
    return code == MPI_SUCCESS ? MPI_Comm_set_errhandler(*to, MPI_ERRORS_RETURN) : code;
}

static void call_itself(char *name, int32_t capacity) {
    char version[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    int length = 0;
    MPI_Get_library_version(version, &length);
#if defined(OPEN_MPI)
    snprintf(name, (size_t)capacity, "Open MPI %d.%d.%d", OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION, OMPI_RELEASE_VERSION);
    (void)version;
#elif defined(MPICH_VERSION)
    snprintf(name, (size_t)capacity, "MPICH %s", MPICH_VERSION);
    (void)version;
#else
    version[strcspn(version, "\n,")] = 0;
    snprintf(name, (size_t)capacity, "%s", version);
#endif
}

API int candor_mpi_open(candor_mpi_place *place, char *name, int32_t capacity) {
    int provided = 0;
    int code = MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    if (code != MPI_SUCCESS) return report(code, "MPI_Init_thread");
    code = MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    if (code == MPI_SUCCESS) code = duplicate(&data);
    if (code == MPI_SUCCESS) code = duplicate(&texts);
    if (code != MPI_SUCCESS) return report(code, "MPI_Comm_dup");
    MPI_Comm local = MPI_COMM_NULL;
    code = MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &local);
    if (code != MPI_SUCCESS) return report(code, "MPI_Comm_split_type");
    int rank = 0, size = 0, local_rank = 0, local_size = 0;
    MPI_Comm_rank(data, &rank);
    MPI_Comm_size(data, &size);
    MPI_Comm_rank(local, &local_rank);
    MPI_Comm_size(local, &local_size);
    MPI_Comm_free(&local);
    *place = (candor_mpi_place){rank, size, local_rank, local_size};
    call_itself(name, capacity);
    return 0;
}

static MPI_Request *new_request(void **request) {
    MPI_Request *made = malloc(sizeof *made);
    *request = made;
    return made;
}

/* Keeps a request that has begun, or lets go of one that has not. */
static int begun(int code, void **request, const char *what) {
    if (code != MPI_SUCCESS) {
        free(*request);
        *request = NULL;
    }
    return report(code, what);
}

API int candor_mpi_send(void **request, const void *bytes, int32_t count, int32_t to, int32_t tag) {
    MPI_Request *made = new_request(request);
    if (made == NULL) return out_of_memory("MPI_Isend");
    return begun(MPI_Isend(bytes, count, MPI_BYTE, to, tag, data, made), request, "MPI_Isend");
}

API int candor_mpi_receive(void **request, void *bytes, int32_t count, int32_t from, int32_t tag) {
    MPI_Request *made = new_request(request);
    if (made == NULL) return out_of_memory("MPI_Irecv");
    return begun(MPI_Irecv(bytes, count, MPI_BYTE, from, tag, data, made), request, "MPI_Irecv");
}

API int candor_mpi_broadcast(void **request, void *bytes, int32_t count, int32_t root) {
    MPI_Request *made = new_request(request);
    if (made == NULL) return out_of_memory("MPI_Ibcast");
    return begun(MPI_Ibcast(bytes, count, MPI_BYTE, root, data, made), request, "MPI_Ibcast");
}

API int candor_mpi_test(void **requests, int32_t count, int32_t *pending) {
    *pending = 0;
    for (int32_t i = 0; i < count; i++) {
        if (requests[i] == NULL) continue;
        int done = 0;
        int code = MPI_Test(requests[i], &done, MPI_STATUS_IGNORE);
        if (code != MPI_SUCCESS) return report(code, "MPI_Test");
        if (done) {
            free(requests[i]);
            requests[i] = NULL;
        } else {
            ++*pending;
        }
    }
    return 0;
}

API int candor_mpi_tell(const char *text, int32_t to) {
    /* Kept until the process ends: whoever tells is about to end, and does not look back. */
    char *kept = strdup(text);
    if (kept == NULL) return out_of_memory("MPI_Isend");
    MPI_Request request;
    int code = MPI_Isend(kept, (int)strlen(kept), MPI_BYTE, to, 0, texts, &request);
    if (code == MPI_SUCCESS) code = MPI_Request_free(&request);
    return report(code, "MPI_Isend");
}

API int candor_mpi_told(int32_t *from, char *text, int32_t capacity) {
    *from = -1;
    int come = 0;
    MPI_Status status;
    int code = MPI_Iprobe(MPI_ANY_SOURCE, 0, texts, &come, &status);
    if (code != MPI_SUCCESS || !come) return report(code, "MPI_Iprobe");
    int length = 0;
    MPI_Get_count(&status, MPI_BYTE, &length);
    char *whole = malloc((size_t)length + 1);
    if (whole == NULL) return out_of_memory("MPI_Recv");
    code = MPI_Recv(whole, length, MPI_BYTE, status.MPI_SOURCE, 0, texts, MPI_STATUS_IGNORE);
    whole[length] = 0;
    snprintf(text, (size_t)capacity, "%s", whole);
    free(whole);
    if (code == MPI_SUCCESS) *from = status.MPI_SOURCE;
    return report(code, "MPI_Recv");
}

API int candor_mpi_close(void) {
    MPI_Comm_free(&texts);
    MPI_Comm_free(&data);
    return report(MPI_Finalize(), "MPI_Finalize");
}
