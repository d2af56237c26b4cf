// Matrix products with wgmma, for sm_90a. One warpgroup of a block loads: TMA fills a ring of stages in shared memory, which
// mbarriers guard. The others multiply, each its own rows of the tile. Blocks stay, one on a multiprocessor, and walk over the
// tiles of y, so that the next tile's stages fill while the last one's sums go out. The sum over k runs in steps of 16 in
// rising order whatever the tile, and the adapters' columns come behind it, so that a row's bytes depend neither on its
// neighbours nor on the tile.
#include <algorithm>
#include <atomic>

#include "candor_tuning.h"
#include "device/gated.h"
#include "device/rotary.h"
#include "matmul_finish.h"
#include "matmul_kernel.h"
#include "wgmma_tile.h"

namespace candor {
namespace {

// What happens to sums before they go out: nothing but bias and residual; heads turn; or gates let others through.
enum class End { plain, turned, gated };

struct Arguments {
    CUtensorMap x, w, left, factors, y;
    CUtensorMap up, gated;  // with a gate: y is its columns alone
    MatmulArguments g;
    int tiles_down, tiles_across, band;  // in tiles
    int tiles;    // of all pieces of the depth
    bool staged;  // y goes out by TMA
};

// Columns from one tile to the next. With a gate half of a tile's columns are the gate's, and the others go through it.
template <class T, End Ends>
constexpr int kAcross = Ends == End::gated ? T::kColumns / 2 : T::kColumns;

// A block's walk over its tiles, and for each tile its steps over k: the product's own, then those of every run that has rows
// in the tile. Where rows of runs are all that is asked for, every run is a round of its own, so that no row waits for another
// adapter's sum.
template <class T, End Ends>
struct Walk {
    const Arguments& a;
    const int own;
    int per_run;
    int tile, row = 0, column = 0, piece = 0;
    int first_run = 0, end_run = 0, steps = 0;  // of this round
    int whole;                                  // steps of 64 that it begins with
    int next_run = 0, last_run = 0;             // still to come in this tile

    __device__ __forceinline__ explicit Walk(const Arguments& a)
        : a(a), own((a.g.k + T::kDepth - 1) / T::kDepth), per_run((a.g.lora.depth + T::kDepth - 1) / T::kDepth),
          tile((int)blockIdx.x - (int)gridDim.x), whole((own ? a.g.k : a.g.lora.depth) / T::kDepth) {}

    // Whether there is one more.
    __device__ __forceinline__ bool next() {
        while (next_run == last_run) {
            tile += gridDim.x;
            if (tile >= a.tiles) return false;
            place(tile);
            if (!a.g.scaled_runs_only) {
                first_run = next_run, end_run = last_run;
                next_run = last_run;
                steps = own + (end_run - first_run) * per_run;
                return true;
            }
        }
        first_run = next_run++;
        end_run = next_run;
        steps = per_run;
        return true;
    }

    // Bands of tiles from left to right, and in each from top to bottom: blocks that run together share operands.
    __device__ __forceinline__ void place(int tile) {
        if (a.g.lora.pieces > 1) {
            const int in_piece = a.tiles_down * a.tiles_across;
            piece = tile / in_piece;
            tile -= piece * in_piece;
            const int depth = a.g.lora.end_of(piece) - a.g.lora.first_of(piece);
            per_run = (depth + T::kDepth - 1) / T::kDepth;
            whole = depth / T::kDepth;
        }
        const int in_band = a.band * a.tiles_across, band = tile / in_band;
        const int height = min(a.band, a.tiles_down - band * a.band), i = tile - band * in_band;
        row = (band * a.band + i % height) * T::kRows;
        column = i / height * kAcross<T, Ends>;
        const LoraExtension& lora = a.g.lora;
        next_run = 0;
        while (next_run < lora.count && lora.run(next_run).end <= row) next_run++;
        last_run = next_run;
        while (last_run < lora.count && lora.run(last_run).start < row + T::kRows) last_run++;
    }

    __device__ __forceinline__ int run(int step) const { return first_run + (step - own) / per_run; }
    // Where in the run's depth, or in the product's.
    __device__ __forceinline__ int k(int step) const {
        return step < own ? step * T::kDepth : a.g.lora.first_of(piece) + (step - own) % per_run * T::kDepth;
    }
    // Steps of 16 in this step.
    __device__ __forceinline__ int products(int step) const {
        return min(T::kDepth, (step < own ? a.g.k : a.g.lora.end_of(piece)) - k(step) + 15) / 16;
    }
    // Whether every row of the tile that exists is the run's.
    __device__ __forceinline__ bool covers(const LoraRun& r) const {
        return r.start <= row && r.end >= min(row + T::kRows, a.g.m);
    }
};

// ---- loading -----------------------------------------------------------------------------------------------------------

// `up`: from a gate's row to that of what goes through it.
template <class T, bool Transposed, End Ends>
__device__ __forceinline__ void load_right(
    bf16* tile, const CUtensorMap* map, uint64_t* full, int first_row, int column, int k, int up) {
    if (Ends == End::gated) {
        tma_load_2d(tile, map, full, k, first_row + column);
        tma_load_2d(tile + kAcross<T, Ends> * T::kDepth, map, full, k, first_row + up + column);
    } else if (Transposed) {
        for (int c = 0; c < T::kColumns; c += kBoxColumns) {
            tma_load_2d(tile + c * T::kDepth, map, full, column + c, first_row + k);
        }
    } else {
        tma_load_2d(tile, map, full, k, first_row + column);
    }
}

// Rows of one run, zeros for the others, so that they add nothing.
template <class T>
__device__ __forceinline__ void load_masked(bf16* tile, const LoraExtension& lora, const LoraRun& run, int row, int k, int lane) {
    constexpr int kChunks = T::kDepth / kChunk;
    for (int i = lane; i < T::kRows * kChunks; i += kWarp) {
        const int r = i / kChunks, c = i % kChunks, from_column = k + c * kChunk;
        uint4 words = make_uint4(0, 0, 0, 0);
        if (row + r >= run.start && row + r < run.end && from_column < lora.depth) {
            const bf16* from = lora.left.data + (row + r) * lora.left.stride + from_column;
            if (lora.left.aligned) {
                words = *reinterpret_cast<const uint4*>(from);
            } else {
                bf16 values[kChunk];
                for (int e = 0; e < kChunk; e++) values[e] = from[e];
                memcpy(&words, values, sizeof words);
            }
        }
        *reinterpret_cast<uint4*>(tile + swizzled<T::kDepth>(r, c)) = words;
    }
    fence_proxy_async();  // the tensor cores read what was written here
    __syncwarp();         // all lanes have written, before one of them says so
}

// One warp.
template <class T, bool Transposed, End Ends>
__device__ __forceinline__ void load(typename T::Shared& s, const Arguments& a, int lane) {
    constexpr int kLeftBytes = sizeof(s.a[0]), kRightBytes = sizeof(s.b[0]);
    const LoraExtension& lora = a.g.lora;
    const int slot_rows = lora.count ? lora.slot_rows() : 0;
    Ring<T::kStages> ring;
    for (Walk<T, Ends> walk(a); walk.next();) {
        for (int step = 0; step < walk.steps; step++, ring.next()) {
            const bool own = step < walk.own;
            const int stage = ring.stage, k = walk.k(step);
            const LoraRun run = own ? LoraRun{} : lora.run(walk.run(step));
            const bool by_tma = own || a.g.scaled_runs_only || (lora.left.aligned && walk.covers(run));
            mbarrier_wait(&s.empty[stage], ring.parity ^ 1);  // what was here has been multiplied
            if (!by_tma) load_masked<T>(s.a[stage], lora, run, walk.row, k, lane);
            if (lane == 0) {
                uint64_t* full = &s.full[stage];
                mbarrier_arrive_expect_tx(full, kRightBytes + (by_tma ? kLeftBytes : 0));
                if (by_tma) tma_load_2d(s.a[stage], own ? &a.x : &a.left, full, k, walk.row);
                load_right<T, Transposed, Ends>(
                    s.b[stage], own ? &a.w : &a.factors, full, run.slot * slot_rows, walk.column, k, a.g.n / 2);
            }
            __syncwarp();
        }
    }
}

// ---- multiplying -------------------------------------------------------------------------------------------------------

// Bytes from one step of 16 to the next: along the row, or 16 rows down.
constexpr int kLeftBytes = 32;
template <bool Transposed>
constexpr int kRightBytes = Transposed ? 16 * 128 : 32;

// d += `Products` steps of 16, by descriptors of the operands; d = where there is nothing yet.
template <class T, bool Transposed, int Products>
__device__ __forceinline__ void multiply(float (&d)[T::kSums], uint64_t left, uint64_t right, bool accumulate) {
    wgmma_registers(d);
    wgmma_fence();
#pragma unroll
    for (int p = 0; p < Products; p++) {
        wgmma<T::kColumns, Transposed>(
            d, further(left, p * kLeftBytes), further(right, p * kRightBytes<Transposed>), accumulate || p > 0);
    }
    wgmma_commit();
    wgmma_registers(d);
}

// Where heads turn, a tile's columns are whole heads.
template <class T>
constexpr bool turns(int width) {
    return (width == 64 || width == 128) && T::kStaged && T::kColumns % width == 0;
}

// Where there is a gate, half of a tile's columns go out 64 at a time.
template <class T>
constexpr bool gates = T::kStaged && T::kColumns % (2 * kBoxColumns) == 0;

// The heads of this group's 64 rows: sums become what is rounded to y. A thread has both halves of its columns.
template <class T, int Width>
__device__ __forceinline__ void turn_heads(const MatmulArguments& g, float (&d)[T::kSums], int row, int column, int thread) {
    constexpr int kPieces = Width / 16, kHalf = kPieces * 4;  // pieces of eight columns, and sums of half a head
    const float* angles[2];
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int r = row + thread / kWarp * 16 + fragment_row(2 * half);
        angles[half] = g.then.table + (r < g.m ? g.then.positions[r] : 0) * g.then.table_stride + fragment_column(0);
    }
#pragma unroll
    for (int j = 0; j < kPieces; j++) {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const float2 cosines = *reinterpret_cast<const float2*>(angles[half] + j * 8);
            const float2 sines = *reinterpret_cast<const float2*>(angles[half] + Width / 2 + j * 8);
#pragma unroll
            for (int head = 0; head < T::kColumns / Width; head++) {
                if (column + head * Width >= g.then.columns) break;
                const int i = head * 2 * kHalf + j * 4 + half * 2;
#pragma unroll
                for (int e = 0; e < 2; e++) {
                    float low = to_float(to_bf16(d[i + e])), high = to_float(to_bf16(d[i + kHalf + e]));
                    turn(low, high, e ? cosines.y : cosines.x, e ? sines.y : sines.x);
                    d[i + e] = low, d[i + kHalf + e] = high;
                }
            }
        }
    }
}

// Sums [First, First + Columns / 2) += the bias of Columns columns from `bias` on, `there` of which exist.
template <int First, int Columns, int Sums>
__device__ __forceinline__ void add_bias(float (&d)[Sums], const float* bias, int there) {
#pragma unroll
    for (int j = 0; j < Columns / 8; j++) {
        const int c = j * 8 + fragment_column(0), i = First + j * 4;
        const float2 pair = c < there ? make_float2(bias[c], bias[c + 1]) : make_float2(0, 0);
#pragma unroll
        for (int half = 0; half < 2; half++) d[i + half * 2] += pair.x, d[i + half * 2 + 1] += pair.y;
    }
}

template <class T>
__device__ __forceinline__ void turn_all(const MatmulArguments& g, float (&d)[T::kSums], int row, int column, int thread) {
    if (g.bias) add_bias<0, T::kColumns>(d, g.bias + column, g.n - column);
    if (column >= g.then.columns) return;
    if constexpr (turns<T>(128)) {
        if (g.then.width == 128) turn_heads<T, 128>(g, d, row, column, thread);
    }
    if (g.then.width == 64) turn_heads<T, 64>(g, d, row, column, thread);
}

// 64 rows by 64 columns go out by TMA, through one of this group's buffers, when all of it but the last `Later` pieces before has
// been read.
template <int Later>
__device__ __forceinline__ void send(
    bf16* buffer, const CUtensorMap* map, const float2 (&v)[2][8], int row, int column, int thread, int barrier) {
    const int r = thread / kWarp * 16 + fragment_row(0);
    if (thread == 0) bulk_wait_read<Later>();
    barrier_sync(barrier, kWarpgroup);  // what was in the buffer has been read
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int j = 0; j < 8; j++) {
            *reinterpret_cast<uint32_t*>(buffer + swizzled<kBoxColumns>(r + half * 8, j) + fragment_column(0)) =
                pack(v[half][j].x, v[half][j].y);
        }
    }
    fence_proxy_async();                // TMA reads what was written here
    barrier_sync(barrier, kWarpgroup);  // all have written
    if (thread == 0) {
        tma_store_2d(map, buffer, column, row);
        bulk_commit();
    }
}

// Sums of 64 columns, from sum `i` on.
template <int Sums>
__device__ __forceinline__ void take(float2 (&v)[2][8], const float (&d)[Sums], int i) {
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int j = 0; j < 8; j++) v[half][j] = make_float2(d[i + j * 4 + half * 2], d[i + j * 4 + half * 2 + 1]);
    }
}

// What goes through its gate, both rounded as y is.
template <class Activation, int Sums>
__device__ __forceinline__ void take_gated(float2 (&v)[2][8], const float (&d)[Sums], int i) {
    const auto through = [&](int at) {
        return gated<Activation>(to_float(to_bf16(d[at])), to_float(to_bf16(d[at + Sums / 2])));
    };
#pragma unroll
    for (int half = 0; half < 2; half++) {
#pragma unroll
        for (int j = 0; j < 8; j++) {
            const int at = i + j * 4 + half * 2;
            v[half][j] = make_float2(through(at), through(at + 1));
        }
    }
}

// The columns of a gate and those that go through it, both where they are wanted, and what comes of them. `piece` counts what has gone
// out: how many pieces a tile is depends on what is wanted.
template <class T>
__device__ __forceinline__ void store_gated(bf16 (&buffers)[T::kBuffers][T::kBuffer], const Arguments& a, float (&d)[T::kSums],
    int row, int column, int thread, int barrier, int& piece) {
    constexpr int kHalf = T::kSums / 2, kPieces = T::kColumns / 2 / kBoxColumns;
    const MatmulArguments& g = a.g;
    if (g.bias) {
        add_bias<0, T::kColumns / 2>(d, g.bias + column, g.n / 2 - column);
        add_bias<kHalf, T::kColumns / 2>(d, g.bias + g.n / 2 + column, g.n / 2 - column);
    }
    const auto out = [&](const CUtensorMap* map, const float2 (&v)[2][8], int part) {
        send<T::kBuffers - 1>(buffers[piece % T::kBuffers], map, v, row, column + part * kBoxColumns, thread, barrier);
        piece++;
    };
#pragma unroll
    for (int part = 0; part < kPieces; part++) {
        float2 v[2][8];
        if (g.then.kept) {
            take(v, d, part * 32);
            out(&a.y, v, part);
            take(v, d, kHalf + part * 32);
            out(&a.up, v, part);
        }
        if (g.then.gelu) {
            take_gated<Gelu>(v, d, part * 32);
        } else {
            take_gated<Silu>(v, d, part * 32);
        }
        out(&a.gated, v, part);
    }
}

// 64 rows go out by TMA, 64 columns at a time, through this group's buffers; `thread` is the caller's number in the group.
template <class T, End Ends>
__device__ __forceinline__ void store_staged(
    bf16 (&buffers)[T::kBuffers][T::kBuffer], const Arguments& a, float (&d)[T::kSums], int row, int column, int thread, int barrier) {
    const MatmulArguments& g = a.g;
    const int r = thread / kWarp * 16 + fragment_row(0);
#pragma unroll
    for (int part = 0; part < T::kColumns / kBoxColumns; part++) {
        const int first = column + part * kBoxColumns + fragment_column(0);
        float2 v[2][8];
        take(v, d, part * 32);
        if (Ends == End::plain && g.bias) {
#pragma unroll
            for (int j = 0; j < 8; j++) {
                const int c = first + j * 8;
                const float2 bias = c < g.n ? make_float2(g.bias[c], g.bias[c + 1]) : make_float2(0, 0);
#pragma unroll
                for (int half = 0; half < 2; half++) v[half][j].x += bias.x, v[half][j].y += bias.y;
            }
        }
        if (Ends == End::plain && g.residual) {
            uint32_t words[2][8];
#pragma unroll
            for (int half = 0; half < 2; half++) {
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    const int at = row + r + half * 8, c = first + j * 8;
                    words[half][j] = at < g.m && c < g.n
                        ? *reinterpret_cast<const uint32_t*>(g.residual + at * g.residual_stride + c)
                        : 0;
                }
            }
#pragma unroll
            for (int half = 0; half < 2; half++) {
#pragma unroll
                for (int j = 0; j < 8; j++) {
                    const float2 pair = unpack(words[half][j]);
                    v[half][j].x += pair.x, v[half][j].y += pair.y;
                }
            }
        }
        send<T::kBuffers - 1>(buffers[part % T::kBuffers], &a.y, v, row, column + part * kBoxColumns, thread, barrier);
    }
}

// 64 rows go out from the registers, those of `run` alone, times its scales, where rows of runs are all that is asked for.
template <class T>
__device__ __forceinline__ void store_plain(
    const MatmulArguments& g, const float (&d)[T::kSums], int row, int column, int number, int piece, int thread) {
    const LoraRun run = g.scaled_runs_only ? g.lora.run(number) : LoraRun{};
#pragma unroll
    for (int half = 0; half < 2; half++) {
        const int r = row + thread / kWarp * 16 + fragment_row(2 * half);
        bool wanted = r < g.m;
        if (g.scaled_runs_only) wanted &= r >= run.start && r < run.end;
        if (!wanted) continue;
#pragma unroll
        for (int j = 0; j < T::kColumns / 8; j++) {
            const int c = column + j * 8 + fragment_column(0);
            if (c >= g.n) continue;
            const float scale = g.scaled_runs_only && g.lora.pieces <= 1 ? g.lora.scale(run.slot, c) : 1.0f;
            finish(g, piece * g.m + r, c, d[j * 4 + half * 2] * scale, d[j * 4 + half * 2 + 1] * scale);
        }
    }
}

// A warpgroup, `group` counts those that multiply.
template <class T, bool Transposed, End Ends>
__device__ __forceinline__ void multiply_all(typename T::Shared& s, const Arguments& a, int group, int thread) {
    const bool releases = thread % kWarp == 0;
    const uint64_t left = wgmma_descriptor(s.a[0] + group * 64 * T::kDepth), right = wgmma_descriptor(s.b[0]);
    Ring<T::kStages> ring;
    int piece = 0;
    for (Walk<T, Ends> walk(a); walk.next();) {
        float d[T::kSums];
        int last = -1;
        const auto left_at = [&](int stage) { return further(left, stage * (int)sizeof(s.a[0])); };
        const auto right_at = [&](int stage) { return further(right, stage * (int)sizeof(s.b[0])); };
        const auto end_step = [&] {
            if (releases && last >= 0) mbarrier_arrive(&s.empty[last]);  // the step before has been multiplied
            last = ring.stage;
            ring.next();
        };
        int step = 0;
        for (; step < walk.whole; step++) {
            mbarrier_wait(&s.full[ring.stage], ring.parity);  // the stage is loaded
            multiply<T, Transposed, T::kDepth / 16>(d, left_at(ring.stage), right_at(ring.stage), step > 0);
            wgmma_wait<1>();
            end_step();
        }
        for (; step < walk.steps; step++) {
            const int products = walk.products(step);
            mbarrier_wait(&s.full[ring.stage], ring.parity);  // the stage is loaded
            for (int p = 0; p < products; p++) {
                multiply<T, Transposed, 1>(d, further(left_at(ring.stage), p * kLeftBytes),
                    further(right_at(ring.stage), p * kRightBytes<Transposed>), step + p > 0);
            }
            wgmma_wait<0>();
            end_step();
        }
        wgmma_wait<0>();
        if (releases) mbarrier_arrive(&s.empty[last]);
        wgmma_registers(d);
        const int row = walk.row + group * 64;
        if constexpr (T::kStaged) {
            if constexpr (Ends == End::gated) {
                store_gated<T>(s.y[group], a, d, row, walk.column, thread, 1 + group, piece);
                continue;
            }
            if (Ends != End::plain || a.staged) {
                if constexpr (Ends == End::turned) turn_all<T>(a.g, d, row, walk.column, thread);
                store_staged<T, Ends>(s.y[group], a, d, row, walk.column, thread, 1 + group);
                continue;
            }
        }
        store_plain<T>(a.g, d, row, walk.column, walk.first_run, walk.piece, thread);
    }
    if (a.staged && thread == 0) bulk_wait<0>();
}

template <class T, bool Transposed, End Ends>
__global__ void __launch_bounds__(T::kThreads, 1) matmul_wgmma_kernel(const __grid_constant__ Arguments a) {
    typename T::Shared& s = shared<typename T::Shared>();
    if (threadIdx.x == 0) {
        for (int i = 0; i < T::kStages; i++) {
            mbarrier_init(&s.full[i], 1);
            mbarrier_init(&s.empty[i], T::kGroups * kWarpgroup / kWarp);  // one lane of each warp that multiplies
        }
        fence_mbarrier_init();
    }
    __syncthreads();  // the barriers are there
    const int group = threadIdx.x / kWarpgroup;
    if (group == T::kGroups) {
        if constexpr (T::kMovesRegisters) setmaxnreg_dec<T::kLoadRegisters>();
        if (threadIdx.x < T::kGroups * kWarpgroup + kWarp) load<T, Transposed, Ends>(s, a, threadIdx.x % kWarp);
    } else {
        if constexpr (T::kMovesRegisters) setmaxnreg_inc<T::kMultiplyRegisters>();
        multiply_all<T, Transposed, Ends>(s, a, group, threadIdx.x % kWarpgroup);
    }
}

// ---- choosing and launching --------------------------------------------------------------------------------------------

// x (M,K) as the left operand of tiles so high; the right one, (N,K) or (K,N), of tiles so wide.
bool encode_left(CUtensorMap* map, const Matrix& x, int m, int k, int rows) {
    return encode_tensor_map(map, x.data, x.stride, m, k, rows);
}
bool encode_right(CUtensorMap* map, const bf16* w, int64_t stride, int64_t rows, int columns, bool transposed, int wide) {
    return encode_tensor_map(map, w, stride, rows, columns, transposed ? kBoxColumns : wide);
}

// Whether y goes out by TMA, in tiles that can.
bool staged(const MatmulArguments& g) {
    const auto at_pair = [](const void* p, int64_t stride) { return reinterpret_cast<uintptr_t>(p) % 4 == 0 && stride % 2 == 0; };
    return !g.float_output && !g.scaled_runs_only && g.n % 2 == 0 && rows_are_aligned(g.y, g.y_stride)
        && (!g.residual || at_pair(g.residual, g.residual_stride));
}

template <class T, bool Transposed, End Ends = End::plain>
cudaError_t launch_tile(const MatmulArguments& g, int band_rows, const candor_device* device, cudaStream_t stream) {
    Arguments a = {};
    a.g = g;
    a.tiles_down = ceil_div(g.m, T::kRows);
    a.tiles_across = ceil_div(Ends == End::gated ? g.n / 2 : g.n, kAcross<T, Ends>);
    a.band = ceil_div(band_rows, T::kRows);
    a.staged = T::kStaged && staged(g);
    const LoraExtension& lora = g.lora;
    bool encoded = true;
    if (g.k > 0) {
        encoded &= encode_left(&a.x, g.x, g.m, g.k, T::kRows);
        encoded &= encode_right(&a.w, g.w.data, g.w.stride, Transposed ? g.k : g.n, Transposed ? g.n : g.k, Transposed, kAcross<T, Ends>);
    }
    if (lora.count > 0) {
        // One map for the factors of all slots: rows beyond a slot's are the next one's, and are in no product that goes out.
        const int64_t rows = (int64_t)lora.slots * lora.slot_rows();
        if (lora.left.aligned) encoded &= encode_left(&a.left, lora.left, g.m, lora.depth, T::kRows);
        encoded &= encode_right(&a.factors, lora.factors, lora.stride, rows, Transposed ? g.n : lora.depth, Transposed, kAcross<T, Ends>);
    }
    if (Ends == End::gated) {
        const int f = g.n / 2;
        if (g.then.kept) {
            encoded &= encode_tensor_map(&a.y, g.y, g.y_stride, g.m, f, 64);
            encoded &= encode_tensor_map(&a.up, static_cast<bf16*>(g.y) + f, g.y_stride, g.m, f, 64);
        }
        encoded &= encode_tensor_map(&a.gated, g.then.gated, g.then.gated_stride, g.m, f, 64);
    } else if (a.staged) {
        encoded &= encode_tensor_map(&a.y, g.y, g.y_stride, g.m, g.n, 64);
    }
    if (!encoded) return cudaErrorInvalidValue;
    a.tiles = a.tiles_down * a.tiles_across * std::max(lora.pieces, 1);
    const dim3 grid(std::min(a.tiles, device->multiprocessors));
    return launch("matmul wgmma", matmul_wgmma_kernel<T, Transposed, Ends>,
        {grid, dim3(T::kThreads), sizeof(typename T::Shared), stream}, a);
}

typedef cudaError_t (*Launcher)(const MatmulArguments&, int, const candor_device*, cudaStream_t);

struct TileChoice {
    const char* name;
    int rows, columns;
    // Estimated: how much of a multiprocessor's tensor cores a full tile keeps busy.
    float busy;
    Launcher launchers[2];  // y = x wT, y = x w
    Launcher turned, gated; // y = x wT, and heads turn, or a gate; null where they never do
    bool (*turns)(int width);
};

template <class T, class OfTransposed = T>
constexpr TileChoice choice(const char* name, float busy) {
    TileChoice c = {name, T::kRows, T::kColumns, busy, {launch_tile<T, false>, launch_tile<OfTransposed, true>}, nullptr, nullptr, turns<T>};
    if constexpr (turns<T>(64)) c.turned = launch_tile<T, false, End::turned>;
    if constexpr (gates<T>) c.gated = launch_tile<T, false, End::gated>;
    return c;
}

using Tile64x64 = WgmmaTile<1, 64, 12, 1>;

const TileChoice kTiles[] = {
    choice<WgmmaTile<2, 256, 4, 2>>("128x256, 4 stages", 1.0f),
    choice<WgmmaTile<2, 256, 3, 4>>("128x256, 3 stages", 0.99f),
    choice<WgmmaTile<2, 192, 4, 3>>("128x192, 4 stages", 0.9f),
    choice<WgmmaTile<2, 128, 6, 2>>("128x128, 6 stages", 0.8f),
    choice<WgmmaTile<1, 128, 8, 2>>("64x128, 8 stages", 0.6f),
    choice<Tile64x64>("64x64, 12 stages", 0.4f),
    // The right operand lies 64 columns wide where it is transposed.
    choice<WgmmaTile<1, 32, 16, 0>, Tile64x64>("64x32, 16 stages", 0.25f),
};
constexpr int kTileCount = sizeof kTiles / sizeof kTiles[0];

// Rows of a band: the blocks that run together then cover about a square of y.
constexpr int kBandRows = 2048;

std::atomic<int> asked_tile{-1}, asked_band{0};

bool ends(const TileChoice& t, const Epilogue& then) {
    return then.gated ? t.gated != nullptr : then.table == nullptr || t.turns(then.width);
}

// The tile whose rounds over all multiprocessors take least, of those that can end so.
const TileChoice& choose(int m, int n, int pieces, const Epilogue& then, int multiprocessors) {
    const TileChoice* best = nullptr;
    float least = 0;
    for (const TileChoice& t : kTiles) {
        if (!ends(t, then)) continue;
        const int64_t tiles = (int64_t)ceil_div(m, t.rows) * ceil_div(n, t.columns) * pieces;
        const float time = (float)ceil_div(tiles, multiprocessors) * (float)(t.rows * t.columns) / t.busy;
        if (best == nullptr || time < least) best = &t, least = time;
    }
    return *best;
}

}  // namespace

bool wgmma_takes(const MatmulArguments& g, const candor_device* device) {
    if (device->architecture != 90 || mma_asked()) return false;  // no other has wgmma
    return g.scaled_runs_only ? g.k == 0 && g.lora.left.aligned : g.k > 0 && g.x.aligned && g.w.aligned;
}

// Heads of 64 or 128 columns, whose angles are read by pairs; gates where all that goes out begins at multiples of 16 bytes.
bool wgmma_joins(const MatmulArguments& g) {
    const Epilogue& then = g.then;
    if (!staged(g)) return false;
    const bool aligned = then.gated ? rows_are_aligned(then.gated, then.gated_stride) && g.n / 2 % kChunk == 0
                                    : reinterpret_cast<uintptr_t>(then.table) % sizeof(float2) == 0 && then.table_stride % 2 == 0;
    const int asked = asked_tile.load();
    return aligned && (asked >= 0 ? ends(kTiles[asked], then) : then.gated || then.width == 64 || then.width == 128);
}

cudaError_t matmul_wgmma(const MatmulArguments& g, bool transposed, const candor_device* device, cudaStream_t stream) {
    const int asked = asked_tile.load();
    const TileChoice& tile = asked >= 0 ? kTiles[asked] : choose(g.m, g.n, std::max(g.lora.pieces, 1), g.then, device->multiprocessors);
    const int asked_rows = asked_band.load(), band = asked_rows > 0 ? asked_rows : kBandRows;
    const Launcher launch = g.then.gated ? tile.gated : g.then.table ? tile.turned : tile.launchers[transposed];
    return launch(g, band, device, stream);
}

}  // namespace candor

CANDOR_API int candor_tile_count(void) {
    return candor::kTileCount;
}

CANDOR_API const char* candor_tile_name(int tile) {
    return tile >= 0 && tile < candor::kTileCount ? candor::kTiles[tile].name : nullptr;
}

CANDOR_API void candor_tile_use(int tile, int band_rows) {
    candor::asked_tile = tile < candor::kTileCount ? tile : -1;
    candor::asked_band = band_rows;
}
