/*
 * The whole border between Candor's Java and its kernels: the same for a GPU (libcandor_cuda.so) and for the emulator that
 * runs the kernels on a CPU (libcandor_emulated.so).
 *
 * Letters for shapes, as in candor.ops: N tokens packed, T of them with a target, S sequences, C width, H query heads, K key
 * heads, D head width, F feed-forward width, V vocabulary, R rank, I inputs and O outputs of a linear layer, G groups.
 *
 * What holds everywhere:
 *
 * - A function that returns an int returns a status: 0, or else candor_last_error() is a sentence with the operation, its
 *   shapes, the code and the source line. Nothing here ends the process. Any thread may call; one at a time per device.
 * - A matrix is a pointer to its first element and a stride: elements (of its type) from one row to the next. Any stride >=
 *   columns is welcome and any pointer that is a multiple of the element's size; rows that all begin at a multiple of 16 bytes
 *   are read faster, and the bytes of the result are the same. Vectors (w, bias, tokens, ...) are dense.
 * - Outputs come first. "=" sets an output, "+=" adds to it; an output may share memory with an input only where it says so.
 *   Elements beyond the columns of a row are never written.
 * - Activations and frozen matrices are bf16, sums are float32; norms' weights, biases, rotary tables, adapters, their
 *   gradients and what an optimiser keeps are float32.
 * - Operations are asynchronous, in the order of their stream. Pointers are to device memory but where it says "host"; host
 *   memory without further words is read before the function returns.
 * - Same input, same bytes: no sum depends on anything but shapes, and no row on its neighbours.
 * - Scratch memory belongs to the stream. It grows when an operation first needs more, so that once every shape has been
 *   seen nothing is allocated.
 *
 * What changes here changes the bindings: run bindings/generate.sh, and raise CANDOR_BORDER_VERSION.
 */
#ifndef CANDOR_KERNELS_H
#define CANDOR_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CANDOR_BORDER_VERSION 3

/* Statuses other than 0 and CUDA's own codes. */
#define CANDOR_BAD_ARGUMENT 10001
#define CANDOR_UNSUPPORTED 10002
#define CANDOR_IN_CAPTURE 10003
#define CANDOR_STALE_GRAPH 10004

/* Upper half of a float32. */
typedef uint16_t candor_bf16;

/* One GPU and the memory taken from it; a queue of work on it; a point in such a queue; work that is asked for as a whole. */
typedef struct candor_device candor_device;
typedef struct candor_stream candor_stream;
typedef struct candor_event candor_event;
typedef struct candor_graph candor_graph;

/* ---- the library and the device ---------------------------------------------------------------------------------------- */

/* CANDOR_BORDER_VERSION of the library: not a status. */
int candor_border_version(void);

/* 1 where a CPU plays the GPU, 0 where there is a real one: not a status. */
int candor_is_emulated(void);

/* What went wrong last on this thread; "" where nothing did. Valid until the thread's next call. */
const char *candor_last_error(void);

typedef struct candor_device_properties {
    char name[256];
    int32_t major;                 /* compute capability */
    int32_t minor;
    int32_t multiprocessors;
    int32_t driver_version;        /* of CUDA, as 1000 * major + 10 * minor */
    int32_t runtime_version;
    int32_t clock_khz;             /* 0 where unknown */
    int64_t memory_bytes;
    int64_t shared_bytes_per_block;
    int64_t l2_bytes;
} candor_device_properties;

/* count (host) = how many devices there are; 0, without an error, where there is no driver. */
int candor_device_count(int32_t *count);

/* device (host) = the one of that ordinal, opened. */
int candor_device_open(candor_device **device, int32_t ordinal);

/* Gives everything back that was taken from the device; its streams and events are gone, too. */
int candor_device_close(candor_device *device);

/* properties (host) = */
int candor_device_describe(candor_device_properties *properties, candor_device *device);

/* ---- memory ------------------------------------------------------------------------------------------------------------ */

/* free, total (host) = bytes, as the driver counts them; used = handed out by us; cached = ours, and free. */
int candor_memory_info(int64_t *free, int64_t *total, int64_t *used, int64_t *cached, candor_device *device);

/* memory (host) = an address, a multiple of 256, of as many bytes: out of the cache where a block fits. Contents are anything. */
int candor_memory_allocate(void **memory, int64_t bytes, candor_device *device);

/* Back into the cache. The caller has waited for what used it. */
int candor_memory_release(void *memory, candor_device *device);

/* Gives what is cached back to the driver. */
int candor_memory_trim(candor_device *device);

/* memory (host) = host memory that a device reads directly; copies from and to it do not hold up the caller. */
int candor_pinned_allocate(void **memory, int64_t bytes, candor_device *device);

int candor_pinned_release(void *memory, candor_device *device);

/* Rows of bytes from host memory to the device, pitch bytes apart on each side. Pinned memory must stay as it is until done. */
int candor_copy_to_device(
    void *to, int64_t to_pitch, const void *from_host, int64_t from_pitch, int64_t bytes, int64_t rows, candor_stream *stream);

/* Rows of bytes from the device to host memory; they are there when the stream has been waited for. */
int candor_copy_to_host(
    void *to_host, int64_t to_pitch, const void *from, int64_t from_pitch, int64_t bytes, int64_t rows, candor_stream *stream);

/* Rows of zero bytes. */
int candor_zero(void *to, int64_t pitch, int64_t bytes, int64_t rows, candor_stream *stream);

/* ---- streams and events ------------------------------------------------------------------------------------------------ */

/* stream (host) = */
int candor_stream_create(candor_stream **stream, candor_device *device);

int candor_stream_destroy(candor_stream *stream);

/* Waits until everything asked of the stream is done; errors of kernels show here. */
int candor_stream_synchronise(candor_stream *stream);

/* event (host) = */
int candor_event_create(candor_event **event, candor_device *device);

int candor_event_destroy(candor_event *event);

/* The event is what the stream has been asked for so far. */
int candor_event_record(candor_event *event, candor_stream *stream);

/* What the stream is asked for from here on begins after the event. */
int candor_event_wait(candor_stream *stream, candor_event *event);

/* The caller waits. */
int candor_event_synchronise(candor_event *event);

/* milliseconds (host) = between two events that are past. */
int candor_event_elapsed(float *milliseconds, candor_event *start, candor_event *end);

/* ---- graphs ------------------------------------------------------------------------------------------------------------ */

/*
 * What a stream is asked for between begin and end is kept and not done. A launch asks for all of it again, in its order, by
 * one call. Addresses, shapes and numbers of a call are kept as they were; what lies in device memory, and in pinned memory
 * that is copied, is read at each launch. So what changes from launch to launch (tokens, positions, starts, pages, the numbers
 * of AdamW) goes through memory that is written before.
 *
 * In a capture, from begin to end:
 *
 * - operations, candor_zero, and copies between the device and pinned memory may be asked for, and events of this stream;
 * - every operation has been run in this shape before: its scratch memory is there, and its kernels are loaded;
 * - nothing is allocated, trimmed or, being pinned, given back; nothing waits; no copy is from or to host memory that is not
 *   pinned; no operation needs more scratch memory than there is. Such calls are refused with CANDOR_IN_CAPTURE, and the
 *   capture goes on without them;
 * - what CUDA itself refuses besides breaks the capture: all that follows is refused, too, and the end gives no graph;
 * - begin and end are called by one thread.
 *
 * A graph belongs to its stream: it is launched there, and destroyed before it.
 */

/* The capture begins. */
int candor_graph_begin(candor_stream *stream);

/* graph (host) = what was kept, ready to be launched; null where the status is not 0. The capture is over either way. */
int candor_graph_end(candor_graph **graph, candor_stream *stream);

/*
 * Asks its stream for all that was kept. CANDOR_STALE_GRAPH, and nothing is done, where the stream's scratch memory has moved
 * since the capture, because a larger shape came: capture it anew.
 */
int candor_graph_launch(candor_graph *graph);

/* The caller has waited for its launches. */
int candor_graph_destroy(candor_graph *graph);

/* ---- rows -------------------------------------------------------------------------------------------------------------- */

/* x (N,C) = rows of table (V,C), one for each of the N tokens. */
int candor_embed(
    candor_bf16 *x, int64_t x_stride, const candor_bf16 *table, int64_t table_stride, const int32_t *tokens, int32_t n, int32_t c,
    candor_stream *stream);

/* y (T,C) = the rows of x (.,C) that the T numbers in rows name. */
int candor_gather_rows(
    candor_bf16 *y, int64_t y_stride, const candor_bf16 *x, int64_t x_stride, const int32_t *rows, int32_t t, int32_t c,
    candor_stream *stream);

/* dx (N,C) =, for each of the N rows, the row of dy (.,C) that sources names, or zero where it names -1. */
int candor_scatter_rows(
    candor_bf16 *dx, int64_t dx_stride, const candor_bf16 *dy, int64_t dy_stride, const int32_t *sources, int32_t n, int32_t c,
    candor_stream *stream);

/* ---- root-mean-square norm --------------------------------------------------------------------------------------------- */

/*
 * y (N,G*D) = x * rstd * w in each group of D columns; rstd (N,G) float32 = 1/sqrt(mean(x^2) + eps); w (D) float32.
 * y may be x.
 */
int candor_rms_norm(
    candor_bf16 *y, int64_t y_stride, float *rstd, int64_t rstd_stride, const candor_bf16 *x, int64_t x_stride, const float *w,
    float eps, int32_t n, int32_t g, int32_t d, candor_stream *stream);

/*
 * dx (N,G*D) =, or += with add = 1, rstd * (w*dy - xhat * mean(w*dy*xhat)), xhat = x*rstd, in each group of D columns.
 * dx may be dy where add = 0.
 */
int candor_rms_norm_backward(
    candor_bf16 *dx, int64_t dx_stride, const candor_bf16 *dy, int64_t dy_stride, const candor_bf16 *x, int64_t x_stride,
    const float *w, const float *rstd, int64_t rstd_stride, int32_t add, int32_t n, int32_t g, int32_t d, candor_stream *stream);

/* ---- rotary positions -------------------------------------------------------------------------------------------------- */

/*
 * In each group of D columns of x (N,G*D), in place: (x1, x2) -> (x1 c - x2 s, x2 c + x1 s), x1 and x2 its halves.
 * table (P,D) float32: D/2 cosines, then D/2 sines, for each position; positions (N); direction 1, or -1 to rotate back.
 */
int candor_rope(
    candor_bf16 *x, int64_t x_stride, const float *table, int64_t table_stride, const int32_t *positions, int32_t direction,
    int32_t n, int32_t g, int32_t d, candor_stream *stream);

/* ---- linear layers ----------------------------------------------------------------------------------------------------- */

/* An adapter's part in one linear layer, for the rows start (inclusive) to end (exclusive) of a batch. All float32. */
typedef struct candor_lora {
    const float *a;                /* (R,I) */
    const float *b;                /* (O,R) */
    float *da;                     /* (R,I), added to; null where the adapter is frozen */
    float *db;                     /* (O,R), added to; null where the adapter is frozen */
    int64_t a_stride;
    int64_t b_stride;
    int64_t da_stride;
    int64_t db_stride;
    int32_t rank;
    float scale;
    int32_t start;
    int32_t end;
} candor_lora;

/*
 * y (N,O) = x wT + bias + residual + t bT, with t = scale * x aT for the rows that an entry of lora speaks of.
 *
 * y        (N,O) =
 * t        (N,P) =, P = padded_rank, a multiple of 16: kept for the backward pass; columns beyond a rank become zero, rows
 *          without factors are left alone. Null where lora_count is 0.
 * x        (N,I)
 * w        (O,I), or null, which adds nothing
 * bias     (O) float32, or null
 * residual (N,O), or null; may be y
 * lora     (host) lora_count entries, rows rising, no row in two of them
 */
int candor_linear(
    candor_bf16 *y, int64_t y_stride, candor_bf16 *t, int64_t t_stride, const candor_bf16 *x, int64_t x_stride,
    const candor_bf16 *w, int64_t w_stride, const float *bias, const candor_bf16 *residual, int64_t residual_stride,
    const candor_lora *lora, int32_t lora_count, int32_t padded_rank, int32_t n, int32_t i, int32_t o, candor_stream *stream);

/*
 * dx (N,I) =, or += with add = 1, dy w + dt a, with dt = scale * dy b; da += dtT x and db += dyT t for entries that have them.
 *
 * dx (N,I), or null where nobody wants it
 * dt (N,P), scratch of the caller's; null where lora_count is 0
 * dy (N,O)
 * x  (N,I), only read where an entry is trained
 * t  (N,P), from the forward pass; only read where an entry is trained
 * w  (O,I), or null, which adds nothing
 */
int candor_linear_backward(
    candor_bf16 *dx, int64_t dx_stride, candor_bf16 *dt, int64_t dt_stride, const candor_bf16 *dy, int64_t dy_stride,
    const candor_bf16 *x, int64_t x_stride, const candor_bf16 *t, int64_t t_stride, const candor_bf16 *w, int64_t w_stride,
    const candor_lora *lora, int32_t lora_count, int32_t padded_rank, int32_t add, int32_t n, int32_t i, int32_t o,
    candor_stream *stream);

/*
 * y (N,I) =, or += with add = 1, x (N,I) with some elements dropped and the others scaled, in the rows start (inclusive) to end
 * (exclusive). Element (n,i) is kept where word i % 4 of Philox 4x32-10 is not below threshold, both read without a sign; its
 * key is that of the row's sequence, its counter (i / 4, module, position, 0).
 *
 * keys      (S,2): the lower half of each key, then the upper
 * sequences (N): the sequence of each row
 * positions (N)
 */
int candor_dropout(
    candor_bf16 *y, int64_t y_stride, const candor_bf16 *x, int64_t x_stride, const int32_t *keys, const int32_t *sequences,
    const int32_t *positions, int32_t module, int32_t threshold, float scale, int32_t add, int32_t start, int32_t end, int32_t i,
    candor_stream *stream);

/* logits (N,V) float32 = x (N,C) headT, head (V,C). */
int candor_logits(
    float *logits, int64_t logits_stride, const candor_bf16 *x, int64_t x_stride, const candor_bf16 *head, int64_t head_stride,
    int32_t n, int32_t c, int32_t v, candor_stream *stream);

/* ---- attention --------------------------------------------------------------------------------------------------------- */

/*
 * Causal softmax attention within each sequence, scaled by 1/sqrt(D). D is a multiple of 8, at most 128.
 *
 * o       (N,H*D) =
 * lse     (N,H) float32 =: natural logarithm of the sum of the exponentials of a row's scaled scores
 * qkv     (N,(H+2K)*D): queries, keys, values
 * starts  (S+1): the first row of each sequence, and N
 * longest rows of the longest sequence, or more
 */
int candor_attention(
    candor_bf16 *o, int64_t o_stride, float *lse, int64_t lse_stride, const candor_bf16 *qkv, int64_t qkv_stride,
    const int32_t *starts, int32_t s, int32_t longest, int32_t n, int32_t h, int32_t k, int32_t d, candor_stream *stream);

/* dqkv (N,(H+2K)*D) = the gradient of qkv, from dout (N,H*D) and what the forward pass read and wrote. */
int candor_attention_backward(
    candor_bf16 *dqkv, int64_t dqkv_stride, const candor_bf16 *dout, int64_t dout_stride, const candor_bf16 *qkv,
    int64_t qkv_stride, const candor_bf16 *o, int64_t o_stride, const float *lse, int64_t lse_stride, const int32_t *starts,
    int32_t s, int32_t longest, int32_t n, int32_t h, int32_t k, int32_t d, candor_stream *stream);

/*
 * A cache of keys and values is made of pages of 32 positions of one sequence. Page p is row p % slab_pages of slab p /
 * slab_pages, a row of 64*K*D elements: the values of each key head (32,D), then the keys of each (D,32).
 *
 * slabs       addresses of the slabs, rows slab_stride elements apart
 * pages       numbers of pages: page i of sequence q, which holds its positions 32*i to 32*i + 31, is pages[first_page[q] + i]
 * first_page  (S)
 * positions   (N); those of a sequence's rows follow each other
 * sequences   (N): the sequence of each row
 */

/* Puts keys and values of the rows of qkv (N,(H+2K)*D) at their positions; all others are left alone, queries are not read. */
int candor_cache_write(
    candor_bf16 *const *slabs, int64_t slab_stride, int32_t slab_pages, const candor_bf16 *qkv, int64_t qkv_stride,
    const int32_t *pages, const int32_t *first_page, const int32_t *positions, const int32_t *sequences, int32_t n, int32_t h,
    int32_t k, int32_t d, candor_stream *stream);

/*
 * o (N,H*D) = attention of the queries of qkv (N,(H+2K)*D) to positions 0 to its own of its sequence in the cache. The same
 * bytes however a sequence is cut into batches.
 *
 * starts (S+1), longest: as for candor_attention, of this batch's rows
 */
int candor_attention_cached(
    candor_bf16 *o, int64_t o_stride, const candor_bf16 *qkv, int64_t qkv_stride, candor_bf16 *const *slabs, int64_t slab_stride,
    int32_t slab_pages, const int32_t *pages, const int32_t *first_page, const int32_t *positions, const int32_t *sequences,
    const int32_t *starts, int32_t s, int32_t longest, int32_t n, int32_t h, int32_t k, int32_t d, candor_stream *stream);

/* ---- columns scaled and shifted --------------------------------------------------------------------------------------- */

/*
 * y (N,O) = scale * y + bias + residual, in place: scale (O) or null for one, bias (O) or null, residual (N,O) or null; residual
 * is not y.
 */
int candor_affine(
    candor_bf16 *y, int64_t y_stride, const float *scale, const float *bias, const candor_bf16 *residual, int64_t residual_stride,
    int32_t n, int32_t o, candor_stream *stream);

/* ---- gated unit -------------------------------------------------------------------------------------------------------- */

/* y (N,F) = silu(gate) * up, gate_up (N,2F) = [gate | up]. */
int candor_swiglu(
    candor_bf16 *y, int64_t y_stride, const candor_bf16 *gate_up, int64_t gate_up_stride, int32_t n, int32_t f,
    candor_stream *stream);

/* d_gate_up (N,2F) =, from dy (N,F) and gate_up (N,2F); may be gate_up. */
int candor_swiglu_backward(
    candor_bf16 *d_gate_up, int64_t d_gate_up_stride, const candor_bf16 *dy, int64_t dy_stride, const candor_bf16 *gate_up,
    int64_t gate_up_stride, int32_t n, int32_t f, candor_stream *stream);

/* ---- log-probabilities ------------------------------------------------------------------------------------------------- */

/*
 * logp (T) = x.head[target] - lse, lse (T) = log sum exp(x headT), the vocabulary in chunks. logp, lse and logits are float32.
 *
 * logp, lse (T,1) =
 * logits    (T,V) =, or null
 * x         (T,C)
 * head      (V,C)
 * targets   (T)
 */
int candor_log_prob(
    float *logp, int64_t logp_stride, float *lse, int64_t lse_stride, float *logits, int64_t logits_stride, const candor_bf16 *x,
    int64_t x_stride, const candor_bf16 *head, int64_t head_stride, const int32_t *targets, int32_t t, int32_t c, int32_t v,
    candor_stream *stream);

/*
 * dx (T,C) = sum over v of dlogp * (1[v = target] - exp(logit_v - lse)) * head_v.
 *
 * dlogp, lse (T,1) float32
 * logits     (T,V) float32 from the forward pass, or null: then they are computed again
 */
int candor_log_prob_backward(
    candor_bf16 *dx, int64_t dx_stride, const float *dlogp, int64_t dlogp_stride, const float *lse, int64_t lse_stride,
    const float *logits, int64_t logits_stride, const candor_bf16 *x, int64_t x_stride, const candor_bf16 *head,
    int64_t head_stride, const int32_t *targets, int32_t t, int32_t c, int32_t v, candor_stream *stream);

/* ---- optimiser --------------------------------------------------------------------------------------------------------- */

/* result (1) float64 = the sum of the squares of x (rows,cols) float32, in double precision. */
int candor_sum_of_squares(
    double *result, const float *x, int64_t x_stride, int32_t rows, int32_t cols, candor_stream *stream);

/* A step of AdamW, in its own terms. */
typedef struct candor_adamw_step {
    int64_t step;                  /* 1 for the first */
    double learning_rate;
    double beta1;
    double beta2;
    double epsilon;
    double weight_decay;
    double grad_scale;             /* every gradient is multiplied by it first */
} candor_adamw_step;

/* The same as the kernel wants it: w <- w shrink - rate m / (sqrt(v) / unbias + epsilon). */
typedef struct candor_adamw_numbers {
    float beta1;
    float beta2;
    float rest1;
    float rest2;
    float shrink;
    float rate;
    float unbias;
    float epsilon;
    float grad_scale;
} candor_adamw_numbers;

/* numbers (host) = */
int candor_adamw_fold(candor_adamw_numbers *numbers, const candor_adamw_step *step);

/* One adapter's parameters, gradients, first and second moments, count of each, and in device memory the numbers of its step. */
typedef struct candor_adamw_part {
    float *w;
    const float *g;
    float *m;
    float *v;
    const candor_adamw_numbers *numbers;
    int64_t count;
} candor_adamw_part;

/* w <- w (1 - lr wd) - lr mhat / (sqrt(vhat) + eps) of every part (host), in one launch for each 32 of them. */
int candor_adamw(const candor_adamw_part *parts, int32_t count, candor_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
