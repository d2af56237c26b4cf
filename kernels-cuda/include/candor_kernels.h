/*
 * The C API: all that lies between Candor's Java and its kernels. It is the same for a GPU (libcandor_cuda.so) and for the
 * emulator that runs the kernels on a CPU (libcandor_emulated.so).
 *
 * Letters for shapes, as in candor.ops: N tokens packed, T of them with a target, S sequences, C width, H query heads, K key
 * heads, D head width, F feed-forward width, V vocabulary, R rank, I inputs and O outputs of a linear layer, G groups.
 *
 * What holds everywhere:
 *
 * - A function that returns an int returns a status: 0, or else candor_last_error() is a sentence with the operation, its
 *   shapes, the code and the source line. Nothing here ends the process. Any thread may call; one at a time per device.
 * - Operations take matrices, by the address of a candor_matrix in host memory, which is read before the function returns.
 *   Vectors are matrices of one row. Sizes are those of the matrices; types and shapes that do not fit one another are refused
 *   with CANDOR_BAD_ARGUMENT. Where an operand may be missing, null stands for it.
 * - Any stride >= columns is welcome and any address that is a multiple of the element's size. Rows that all begin at a multiple
 *   of 16 bytes are read faster. The bytes of a result do not depend on it, with one exception: on sm_90a the products of
 *   candor_linear, candor_logits and candor_log_prob, and of their backward passes, take other tensor-core instructions where an
 *   operand's rows begin elsewhere. These add in another order, so that the last bits of a sum may differ.
 * - Outputs come first. "=" sets an output, "+=" adds to it; an output may share memory with an
 *   input only where it says so. Elements beyond the columns of a row are never written.
 * - Activations and frozen matrices are bf16, or packed where it says so, sums are float32; norms' weights, biases, rotary tables, adapters, their
 *   gradients and what an optimiser keeps are float32. What is not said to be of another type is bf16.
 * - Operations are asynchronous, in the order of their stream. Pointers are to device memory but where it says "host"; host
 *   memory without further words is read before the function returns.
 * - Same input, same bytes: no sum depends on anything but shapes, and no row on its neighbours.
 * - Scratch memory belongs to the stream. It grows when an operation first needs more, so that once every shape has been
 *   seen nothing is allocated.
 *
 * What changes here changes the bindings: run bindings/generate.sh, and raise CANDOR_API_VERSION.
 */
#ifndef CANDOR_KERNELS_H
#define CANDOR_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CANDOR_API_VERSION 11

/* Statuses other than 0 and CUDA's own codes. */
#define CANDOR_BAD_ARGUMENT 10001
#define CANDOR_UNSUPPORTED 10002
#define CANDOR_IN_CAPTURE 10003
#define CANDOR_STALE_GRAPH 10004

/* Upper half of a float32. */
typedef uint16_t candor_bf16;

/* Types of a matrix's elements; 0 is none. */
#define CANDOR_F32 1
#define CANDOR_BF16 2
#define CANDOR_INT8 3
#define CANDOR_FP8 4
#define CANDOR_NF4 5
#define CANDOR_NF4_NESTED 6

/* A matrix in device memory, whose elements are written where an operation names it an output, and only read elsewhere. */
typedef struct candor_matrix {
    void *data;                    /* its first element */
    int64_t stride;                /* elements from one row to the next */
    int32_t rows;
    int32_t cols;
    int32_t dtype;                 /* CANDOR_F32, CANDOR_BF16, or a packed weight's */
    const void *scales;            /* of a packed weight: what its elements are multiplied with; not read elsewhere */
} candor_matrix;

/*
 * Packed weights (O,I). Linear layers and candor_unpack read them; other operations want bf16. An element stands for a product of
 * float32, rounded to bf16: everywhere the same number.
 *
 * CANDOR_INT8        a byte with a sign, times absmax / 127 of its row: scales are the absmax of the rows, float32 (O). As
 *                    LLM.int8() stores weights (arXiv 2208.07339)
 * CANDOR_FP8         a byte, E4M3 without infinities (arXiv 2209.05433), times the scale of its block of 128 by 128: scales are
 *                    float32 (ceil(O/128), ceil(I/128)), one row of blocks behind the other
 * CANDOR_NF4         half a byte, the upper half before the lower: values[code] times the absmax of its block (QLoRA, arXiv
 *                    2305.14314). Rows follow each other without gaps, so that stride is I, and every 64 elements are a block,
 *                    wherever rows end. scales are values (16) and absmax (B), float32, one behind the other, B = ceil(O*I/64)
 * CANDOR_NF4_NESTED  the same, absmax quantised once more: steps[code] * nested[b / 256] + offset for block b, product and sum
 *                    rounded. scales are values (16), steps (256), offset (1), nested (ceil(B/256)), all float32, and the codes of
 *                    the blocks (B), a byte each
 */

/* One GPU and the memory taken from it; a queue of work on it; a point in such a queue; work that is asked for as a whole. */
typedef struct candor_device candor_device;
typedef struct candor_stream candor_stream;
typedef struct candor_event candor_event;
typedef struct candor_graph candor_graph;

/* ---- the library and the device ---------------------------------------------------------------------------------------- */

/* CANDOR_API_VERSION of the library: not a status. */
int candor_api_version(void);

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
int candor_embed(const candor_matrix *x, const candor_matrix *table, const int32_t *tokens, candor_stream *stream);

/* y (T,C) = the rows of x (.,C) that the T numbers in rows name. */
int candor_gather_rows(const candor_matrix *y, const candor_matrix *x, const int32_t *rows, candor_stream *stream);

/* dx (N,C) =, for each of the N rows, the row of dy (.,C) that sources names, or zero where it names -1. */
int candor_scatter_rows(const candor_matrix *dx, const candor_matrix *dy, const int32_t *sources, candor_stream *stream);

/* ---- root-mean-square norm --------------------------------------------------------------------------------------------- */

/*
 * y (N,G*D) = x * rstd * w in each group of D columns; rstd (N,G) float32 = 1/sqrt(mean(x^2) + eps); w (1,D) float32.
 * y may be x.
 */
int candor_rms_norm(
    const candor_matrix *y, const candor_matrix *rstd, const candor_matrix *x, const candor_matrix *w, float eps,
    candor_stream *stream);

/*
 * dx (N,G*D) =, or += with add = 1, rstd * (w*dy - xhat * mean(w*dy*xhat)), xhat = x*rstd, in each group of D columns.
 * dx may be dy where add = 0.
 */
int candor_rms_norm_backward(
    const candor_matrix *dx, const candor_matrix *dy, const candor_matrix *x, const candor_matrix *w, const candor_matrix *rstd,
    int32_t add, candor_stream *stream);

/* ---- rotary positions -------------------------------------------------------------------------------------------------- */

/*
 * In each group of D columns of x (N,G*D), in place: (x1, x2) -> (x1 c - x2 s, x2 c + x1 s), x1 and x2 its halves.
 * table (P,D) float32: D/2 cosines, then D/2 sines, for each position; positions (N); direction 1, or -1 to rotate back.
 */
int candor_rope(
    const candor_matrix *x, const candor_matrix *table, const int32_t *positions, int32_t direction, candor_stream *stream);

/* ---- linear layers ----------------------------------------------------------------------------------------------------- */

/*
 * Memory for the factors of adapters as products read them, bf16, on a linear layer (O,I) that t of P columns belongs to: what
 * candor_lora_pack has put there. By slot, so that a batch may have rows of several.
 */
typedef struct candor_lora_image {
    void *memory;                  /* as many bytes as candor_lora_image_bytes says, zero at first; null for no image */
    int32_t slots;
    int32_t padded_rank;           /* P */
    int32_t inputs;                /* I */
    int32_t outputs;               /* O */
} candor_lora_image;

/*
 * An adapter's part in one linear layer, for the rows start (inclusive) to end (exclusive) of a batch, and for the O' outputs
 * from `output` on: all of the layer's, or those of one of the layers that stand stacked in one weight. All float32.
 */
typedef struct candor_lora {
    candor_matrix a;               /* (R,I) */
    candor_matrix b;               /* (O',R) */
    candor_matrix da;              /* (R,I), added to; its data is null where the adapter is frozen */
    candor_matrix db;              /* (O',R), added to; its data is null where the adapter is frozen */
    float scale;
    int32_t start;
    int32_t end;
    int32_t column;                /* of t, where its own begin: a multiple of 16 */
    int32_t output;
    int32_t slot;                  /* of the image */
    candor_lora_image image;       /* of a and b as they are now, the same for all entries; or none: they are packed in each call */
} candor_lora;

/* bytes (host) = of an image of these sizes. */
int candor_lora_image_bytes(int64_t *bytes, const candor_lora_image *image);

/*
 * Each entry's slot of its image = its factors and scale; start and end are not read. Entries of one slot of an image, 8 at most,
 * stand one behind the other with rising columns and outputs; what no entry has there becomes zero. The caller does it again
 * before a product reads an image whose factors have changed.
 */
int candor_lora_pack(const candor_lora *lora, int32_t lora_count, candor_stream *stream);

/* Operations that a linear layer may end with. */
#define CANDOR_ROPE 1
#define CANDOR_SWIGLU 2
#define CANDOR_GEGLU 3

/*
 * What becomes of y (N,O) of a linear layer in the same call, once it is rounded: the bytes are those of the operation behind the
 * layer. Where the product's kernel cannot do it on its way out, another one does it behind it.
 *
 * CANDOR_ROPE              candor_rope, direction 1, of the first `heads` heads of D columns; the columns behind them stay
 * CANDOR_SWIGLU, _GEGLU    candor_swiglu, candor_geglu of y = [gate | up] into gated; with kept = 0 nobody reads y itself, whose
 *                          contents are anything then
 */
typedef struct candor_epilogue {
    int32_t operation;
    int32_t heads;
    candor_matrix table;           /* (P,D) float32 */
    const int32_t *positions;      /* (N) */
    candor_matrix gated;           /* (N,O/2) = */
    int32_t kept;
} candor_epilogue;

/*
 * y (N,O) = x wT + bias + residual + t bT, with t = scale * x aT for the rows that an entry of lora speaks of.
 *
 * y        (N,O) =
 * t        (N,P) =, P a multiple of 16 and no less than any column and rank: kept for the backward pass; columns of no adapter
 *          become zero, rows without factors are left alone. Null where lora_count is 0.
 * x        (N,I)
 * w        (O,I), also packed, or null, which adds nothing
 * bias     (1,O) float32, or null
 * residual (N,O), or null; may be y
 * lora     (host) lora_count entries, rows rising; those of the same rows, 8 at most, one behind the other with rising columns and
 *          outputs. No row is in two of them otherwise.
 * then     (host), or null; with it there is no residual
 */
int candor_linear(
    const candor_matrix *y, const candor_matrix *t, const candor_matrix *x, const candor_matrix *w, const candor_matrix *bias,
    const candor_matrix *residual, const candor_lora *lora, int32_t lora_count, const candor_epilogue *then, candor_stream *stream);

/*
 * dx (N,I) =, or += with add = 1, dy w + dt a, with dt = scale * dy b; da += dtT x and db += dyT t for entries that have them.
 *
 * dx (N,I), or null where nobody wants it
 * dt (N,P), scratch of the caller's; null where lora_count is 0
 * dy (N,O)
 * x  (N,I), only read where an entry is trained; else it may be null
 * t  (N,P), from the forward pass; only read where an entry is trained; else it may be null
 * w  (O,I), also packed, or null, which adds nothing; in w_count parts, one below the other, each packed or not. Several are made one
 *    in scratch memory.
 */
int candor_linear_backward(
    const candor_matrix *dx, const candor_matrix *dt, const candor_matrix *dy, const candor_matrix *x, const candor_matrix *t,
    const candor_matrix *w, int32_t w_count, const candor_lora *lora, int32_t lora_count, int32_t add, candor_stream *stream);

/* y (O,I) = the numbers that a packed weight w (O,I) stands for. */
int candor_unpack(const candor_matrix *y, const candor_matrix *w, candor_stream *stream);

/* What is dropped in the rows start (inclusive) to end (exclusive) of a batch. */
typedef struct candor_dropping {
    const int32_t *keys;           /* (S,2): the lower half of each sequence's key, then the upper */
    const int32_t *sequences;      /* (N): the sequence of each row */
    const int32_t *positions;      /* (N) */
    int32_t module;
    int32_t threshold;             /* read without a sign */
    float scale;
    int32_t start;
    int32_t end;
} candor_dropping;

/*
 * y (N,I) =, or += with add = 1, x (N,I) with some elements dropped and the others scaled. Element (n,i) is kept where word i %
 * 4 of Philox 4x32-10 is not below threshold, both read without a sign; its key is that of the row's sequence, its counter
 * (i / 4, module, position, 0). dropping (host) says where.
 */
int candor_dropout(
    const candor_matrix *y, const candor_matrix *x, const candor_dropping *dropping, int32_t add, candor_stream *stream);

/* logits (N,V) float32 = x (N,C) headT, head (V,C). */
int candor_logits(const candor_matrix *logits, const candor_matrix *x, const candor_matrix *head, candor_stream *stream);

/* ---- attention --------------------------------------------------------------------------------------------------------- */

/* H query heads, which share K key heads, each of width D: a multiple of 8, at most 128. */
typedef struct candor_heads {
    int32_t query;
    int32_t key;
    int32_t width;
    int32_t window;                /* tokens that one attends to, itself among them, at most; 0: all before it */
} candor_heads;

/* Where the sequences of a batch begin. */
typedef struct candor_sequences {
    const int32_t *starts;         /* (S+1): the first row of each sequence, and N */
    int32_t count;                 /* S */
    int32_t longest;               /* rows of the longest sequence, or more */
} candor_sequences;

/*
 * Causal softmax attention within each sequence and window, scaled by 1/sqrt(D). heads and sequences (host).
 *
 * o       (N,H*D) =
 * lse     (N,H) float32 =: natural logarithm of the sum of the exponentials of a row's scaled scores
 * qkv     (N,(H+2K)*D): queries, keys, values
 */
int candor_attention(
    const candor_matrix *o, const candor_matrix *lse, const candor_matrix *qkv, const candor_heads *heads,
    const candor_sequences *sequences, candor_stream *stream);

/* dqkv (N,(H+2K)*D) = the gradient of qkv, from dout (N,H*D) and what the forward pass read and wrote. */
int candor_attention_backward(
    const candor_matrix *dqkv, const candor_matrix *dout, const candor_matrix *qkv, const candor_matrix *o,
    const candor_matrix *lse, const candor_heads *heads, const candor_sequences *sequences, candor_stream *stream);

/*
 * A cache of keys and values is made of pages of 32 positions of one sequence. Page p is row p % slab_pages of slab p /
 * slab_pages, a row of 64*K*D elements: the values of each key head (32,D), then the keys of each (D,32).
 */
typedef struct candor_cache {
    candor_bf16 *const *slabs;     /* addresses of the slabs */
    int64_t slab_stride;           /* elements from one row of a slab to the next */
    int32_t slab_pages;            /* rows of a slab */
    int32_t most_pages;            /* pages of the sequence that has the most, or more; candor_cache_write does not read it */
    const int32_t *pages;          /* page i of sequence q, with its positions 32*i to 32*i + 31, is pages[first_page[q] + i] */
    const int32_t *first_page;     /* (S) */
} candor_cache;

/*
 * Puts keys and values of the rows of qkv (N,(H+2K)*D) at their positions in the cache (host); all others are left alone,
 * queries are not read.
 *
 * positions   (N); those of a sequence's rows follow each other
 * sequence_of (N): the sequence of each row
 */
int candor_cache_write(
    const candor_cache *cache, const candor_matrix *qkv, const candor_heads *heads, const int32_t *positions,
    const int32_t *sequence_of, candor_stream *stream);

/*
 * o (N,H*D) = attention of the queries of qkv (N,(H+2K)*D) to the positions of its sequence in the cache (host) from 0, or where
 * the window begins, to its own. The same bytes however a sequence is cut into batches.
 *
 * positions (N); those of a sequence's rows follow each other
 * sequences (host), of this batch's rows
 */
int candor_attention_cached(
    const candor_matrix *o, const candor_matrix *qkv, const candor_cache *cache, const candor_heads *heads,
    const int32_t *positions, const candor_sequences *sequences, candor_stream *stream);

/* ---- columns scaled and shifted --------------------------------------------------------------------------------------- */

/*
 * y (N,O) = scale * y + bias + residual, in place: scale (1,O) float32 or null for one, bias (1,O) float32 or null, residual
 * (N,O) or null; residual is not y.
 */
int candor_affine(
    const candor_matrix *y, const candor_matrix *scale, const candor_matrix *bias, const candor_matrix *residual,
    candor_stream *stream);

/* ---- gated units ------------------------------------------------------------------------------------------------------- */

/* y (N,F) = silu(gate) * up, gate_up (N,2F) = [gate | up]. */
int candor_swiglu(const candor_matrix *y, const candor_matrix *gate_up, candor_stream *stream);

/* d_gate_up (N,2F) =, from dy (N,F) and gate_up (N,2F); may be gate_up. */
int candor_swiglu_backward(
    const candor_matrix *d_gate_up, const candor_matrix *dy, const candor_matrix *gate_up, candor_stream *stream);

/* y (N,F) = gelu(gate) * up, gelu(g) = g sigma(2 sqrt(2/pi) (g + 0.044715 g^3)), the form with tanh; gate_up (N,2F) = [gate | up]. */
int candor_geglu(const candor_matrix *y, const candor_matrix *gate_up, candor_stream *stream);

/* d_gate_up (N,2F) =, from dy (N,F) and gate_up (N,2F); may be gate_up. */
int candor_geglu_backward(
    const candor_matrix *d_gate_up, const candor_matrix *dy, const candor_matrix *gate_up, candor_stream *stream);

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
    const candor_matrix *logp, const candor_matrix *lse, const candor_matrix *logits, const candor_matrix *x,
    const candor_matrix *head, const int32_t *targets, candor_stream *stream);

/*
 * dx (T,C) = sum over v of dlogp * (1[v = target] - exp(logit_v - lse)) * head_v.
 *
 * dlogp, lse (T,1) float32
 * logits     (T,V) float32 from the forward pass, or null: then they are computed again
 */
int candor_log_prob_backward(
    const candor_matrix *dx, const candor_matrix *dlogp, const candor_matrix *lse, const candor_matrix *logits,
    const candor_matrix *x, const candor_matrix *head, const int32_t *targets, candor_stream *stream);

/* ---- sampling ---------------------------------------------------------------------------------------------------------- */

/* How a row's token is chosen. */
typedef struct candor_draw {
    double scale;                  /* log2(e) / temperature; 0: the largest logit is taken; below 0: none is wanted */
    double top_p;                  /* (0,1]; 1 for all */
    double uniform;                /* the random number, [0,1) */
    float penalty;                 /* logits of seen tokens are divided by it where they are positive, else multiplied; 1 for none */
    int32_t top_k;                 /* 0 for all */
    int32_t first_seen;            /* where in `seen` the tokens begin that are penalised */
    int32_t seen_count;            /* how many there are, each as often as it likes; not read where penalty is 1 */
} candor_draw;

/*
 * chosen (T,2) float32 = a token of each row and its logit, before the penalty; -1 and 0 where none is wanted, or where the largest
 * logit is no finite number. A token's weight is 2^B exp2(scale (logit - largest)), rounded to a whole number, with B = 44 or as many
 * bits as keep the sum of V weights below 2^62: weights are summed without error, so that the choice is one whatever the order of
 * sums. Where top_k or top_p bound the tokens, these stand by falling logit, equal ones by rising token, else by token. The top_k
 * first remain; of these, as many as are needed for top_p of their sum. The token is the first whose weight, added to those before
 * it, is more than uniform times the sum.
 *
 * logits (T,V) float32, V at most 393,216
 * draws  (T), device; what a graph keeps is the address
 * seen   device
 */
int candor_sample_tokens(
    const candor_matrix *chosen, const candor_matrix *logits, const candor_draw *draws, const int32_t *seen,
    candor_stream *stream);

/* ---- optimiser --------------------------------------------------------------------------------------------------------- */

/* y (rows,cols) += x (rows,cols), both float32. */
int candor_accumulate(const candor_matrix *y, const candor_matrix *x, candor_stream *stream);

/* result (1) float64 = the sum of the squares of x (rows,cols) float32, in double precision. */
int candor_sum_of_squares(double *result, const candor_matrix *x, candor_stream *stream);

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

/*
 * One adapter's parameters and gradients, and moments in eight bits: of each element the index of the nearest value of a map
 * (256), rising; of each block of 256 elements, the last one shorter, what these values are multiplied by, its largest magnitude.
 */
typedef struct candor_adamw8_part {
    float *w;
    const float *g;
    uint8_t *m;
    float *m_largest;
    uint8_t *v;
    float *v_largest;
    const float *m_map;
    const float *v_map;
    const candor_adamw_numbers *numbers;
    int64_t count;
} candor_adamw8_part;

/* As candor_adamw; the step is by the moments as they are before they become eight bits again. */
int candor_adamw8(const candor_adamw8_part *parts, int32_t count, candor_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
