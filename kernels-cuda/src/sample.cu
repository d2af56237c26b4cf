// The next token of each row of logits. A block takes a row. Weights are whole numbers, whose sums are exact, so that threads may add
// them up in any order: the token is the one that a loop over sorted tokens would find.
//
// Nothing is sorted. What is wanted of the order, the top_k-th token, the one at which top_p is reached, the one that the random number
// falls on, is always "where so many tokens, or so much weight, are reached". A histogram over the logits says in which of 2,048 bins
// that is; further ones, over the keys of that bin alone, end at a single logit. Tokens with that logit have one weight, and are told
// apart by their number at the end.
#include <cfloat>

#include "rows.h"

namespace candor {
namespace {

constexpr int kThreads = 512, kWarps = kThreads / kWarp;
constexpr int kBinBits = 11, kBins = 1 << kBinBits;
constexpr int kMostVocabulary = 3 << 17;

using Weight = unsigned long long;

struct Histogram {
    Weight weights[kBins];
    int counts[kBins];
};

// What of the order lies before some place.
struct Before {
    Weight weight = 0;
    int count = 0;
};

struct Shared {
    Histogram all;  // over the logits that have a weight, evenly
    Histogram bin;  // over those in one bin, by key
    Weight sums[kWarps];
    int counts[kWarps];
    float largest[kWarps], smallest[kWarps];
    Before before;
    int found;
    unsigned seen[1];  // a bit for each token, as many words as the launch has room for
};

// A number that rises with the logit; 0 and -0 have one.
__device__ __forceinline__ unsigned key_of(float logit) {
    const unsigned bits = __float_as_uint(logit + 0.0f);
    return bits ^ (bits >> 31 ? 0xffffffffu : 0x80000000u);
}

__device__ __forceinline__ float logit_of(unsigned key) {
    return __uint_as_float(key ^ (key >> 31 ? 0x80000000u : 0xffffffffu));
}

// 2^bits exp2(scale (logit - largest)), to nearest. Every step is rounded as candor.ops.cpu's TokenSampler rounds it.
__device__ __forceinline__ Weight weight_of(float logit, float largest, double scale, int bits) {
    const double power = __dmul_rn((double)logit - (double)largest, scale);
    if (!(power > -(bits + 2))) return 0;
    const double whole = rint(power), rest = power - whole;
    double value = 0x1.c3bd650fc2986p-36;  // ln(2)^k / k!, from k = 12 down
    value = fma(value, rest, 0x1.e8cac7351bb25p-32);
    value = fma(value, rest, 0x1.e4cf5158b8ecap-28);
    value = fma(value, rest, 0x1.b5253d395e7c4p-24);
    value = fma(value, rest, 0x1.62c0223a5c824p-20);
    value = fma(value, rest, 0x1.ffcbfc588b0c7p-17);
    value = fma(value, rest, 0x1.430912f86c787p-13);
    value = fma(value, rest, 0x1.5d87fe78a6731p-10);
    value = fma(value, rest, 0x1.3b2ab6fba4e77p-7);
    value = fma(value, rest, 0x1.c6b08d704a0c0p-5);
    value = fma(value, rest, 0x1.ebfbdff82c58fp-3);
    value = fma(value, rest, 0x1.62e42fefa39efp-1);
    value = fma(value, rest, 1.0);
    const double unit = __longlong_as_double((long long)((int)whole + bits + 1023) << 52);
    return (Weight)(long long)fma(value, unit, 0.5);
}

// One row as its draw sees it.
struct Row {
    const float* logits;
    const unsigned* seen;
    candor_draw draw;
    int vocabulary, bits;
    float largest;

    __device__ __forceinline__ float operator[](int token) const {
        const float logit = logits[token];
        if (draw.penalty == 1.0f || !(seen[token / 32] >> token % 32 & 1)) return logit;
        return logit > 0 ? __fdiv_rn(logit, draw.penalty) : __fmul_rn(logit, draw.penalty);
    }

    __device__ __forceinline__ Weight weight(float logit) const { return weight_of(logit, largest, draw.scale, bits); }

    // Tokens of a warp: neighbours, so that what is in order of tokens is in order of warps.
    __device__ __forceinline__ int segment() const { return (vocabulary + kThreads - 1) / kThreads * kWarp; }
};

// Calls body(token) for each turn of a warp over its tokens, with all lanes; tokens beyond the vocabulary are for the body to leave.
template <class Body>
__device__ __forceinline__ void each_turn(const Row& row, const Body& body) {
    const int from = threadIdx.x / kWarp * row.segment();
    const int end = min(row.vocabulary, from + row.segment());
    for (int turn = from; turn < end; turn += kWarp) body(turn + (int)(threadIdx.x % kWarp));
}

// Adds a token's weight to a bin; below 0, to none. All lanes call. Neighbours often share a bin: then the warp adds once.
__device__ __forceinline__ void add(Histogram& to, int bin, Weight weight) {
    const int first = __shfl_sync(kAllLanes, bin, 0);
    if (!__all_sync(kAllLanes, bin == first)) {
        if (bin >= 0) {
            atomicAdd(&to.weights[bin], weight);
            atomicAdd(&to.counts[bin], 1);
        }
    } else if (first >= 0) {
        weight = warp_sum(weight);
        if (threadIdx.x % kWarp == 0) {
            atomicAdd(&to.weights[first], weight);
            atomicAdd(&to.counts[first], kWarp);
        }
    }
}

__device__ __forceinline__ void clear(Histogram& histogram) {
    for (int i = threadIdx.x; i < kBins; i += kThreads) histogram.weights[i] = 0, histogram.counts[i] = 0;
}

// The bin in which `wanted` is reached, of tokens or of weight; adds what is before it. All is there already, and is read again at once.
template <bool ByCount>
__device__ __forceinline__ int bin_reaching(Shared& s, const Histogram& histogram, Weight wanted, Before& before) {
    constexpr int kEach = kBins / kThreads;
    const int lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp, mine = threadIdx.x * kEach;
    Weight own = 0;
    int tokens = 0;
#pragma unroll
    for (int i = 0; i < kEach; i++) own += histogram.weights[mine + i], tokens += histogram.counts[mine + i];
    Weight weight = own;
    int count = tokens;
#pragma unroll
    for (int step = 1; step < kWarp; step *= 2) {
        const Weight w = __shfl_up_sync(kAllLanes, weight, step);
        const int c = __shfl_up_sync(kAllLanes, count, step);
        if (lane >= step) weight += w, count += c;
    }
    if (lane == kWarp - 1) s.sums[warp] = weight, s.counts[warp] = count;
    __syncthreads();  // the warps' sums are there
    weight += before.weight - own, count += before.count - tokens;
    for (int w = 0; w < warp; w++) weight += s.sums[w], count += s.counts[w];
#pragma unroll
    for (int i = 0; i < kEach; i++) {
        const Weight w = histogram.weights[mine + i];
        const int c = histogram.counts[mine + i];
        const Weight reached = ByCount ? (Weight)count : weight, more = ByCount ? (Weight)c : w;
        if (reached < wanted && wanted <= reached + more) {
            s.found = mine + i;
            s.before.weight = weight, s.before.count = count;
        }
        weight += w, count += c;
    }
    __syncthreads();  // the bin is known
    before = s.before;
    const int bin = s.found;
    __syncthreads();  // it has been read, and so have the sums
    return bin;
}

// Evenly over the logits that have a weight, the largest in bin 0.
__device__ __forceinline__ int bin_of(float logit, float largest, float per_unit) {
    return (int)fminf((largest - logit) * per_unit, (float)(kBins - 1));
}

// The least key that is in this bin or in one before it.
__device__ __forceinline__ unsigned least_key(int bin, float largest, float per_unit) {
    unsigned low = key_of(-INFINITY), high = key_of(largest);
    while (low < high) {
        const unsigned middle = low + (high - low) / 2;
        if (bin_of(logit_of(middle), largest, per_unit) <= bin) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

// Where `wanted` is reached, of tokens or of weight: the key of the logit; and what has larger ones.
template <bool ByCount>
__device__ __forceinline__ unsigned key_reaching(Shared& s, const Row& row, float per_unit, Weight wanted, Before& before) {
    before = Before{};
    const int bin = bin_reaching<ByCount>(s, s.all, wanted, before);
    unsigned low = least_key(bin, row.largest, per_unit);
    unsigned high = bin == 0 ? key_of(row.largest) : least_key(bin - 1, row.largest, per_unit) - 1;
    while (low < high) {
        const int shift = max(0, 32 - __clz((int)(high - low)) - kBinBits);
        clear(s.bin);
        __syncthreads();  // the histogram is clear
        each_turn(row, [&](int token) {
            int at = -1;
            Weight weight = 0;
            if (token < row.vocabulary) {
                const float logit = row[token];
                const unsigned key = key_of(logit);
                if (key >= low && key <= high) weight = row.weight(logit);
                if (weight > 0) at = (int)((high - key) >> shift);
            }
            add(s.bin, at, weight);
        });
        __syncthreads();  // the histogram is whole
        const unsigned part = (unsigned)bin_reaching<ByCount>(s, s.bin, wanted, before);
        high -= part << shift;
        low = max(low, high - ((1u << shift) - 1));
    }
    return low;
}

// The first token at which the values of tokens, added in their order, are more than `rest`, which they are somewhere. s.sums are the
// warps' sums of values, or no less than 1 where a warp has the first one and `rest` is 0.
template <class Value>
__device__ __forceinline__ int token_beyond(Shared& s, const Row& row, Weight rest, const Value& value) {
    int warp = 0;
    while (warp < kWarps - 1 && rest >= s.sums[warp]) rest -= s.sums[warp++];
    if ((int)threadIdx.x / kWarp == warp) {
        const int lane = threadIdx.x % kWarp, from = warp * row.segment(), end = min(row.vocabulary, from + row.segment());
        for (int turn = from; turn < end; turn += kWarp) {
            Weight sum = turn + lane < end ? value(row[turn + lane]) : 0;
#pragma unroll
            for (int step = 1; step < kWarp; step *= 2) {
                const Weight w = __shfl_up_sync(kAllLanes, sum, step);
                if (lane >= step) sum += w;
            }
            const unsigned beyond = __ballot_sync(kAllLanes, sum > rest);
            if (beyond != 0) {
                if (lane == 0) s.found = turn + __ffs((int)beyond) - 1;
                break;
            }
            rest -= __shfl_sync(kAllLanes, sum, kWarp - 1);
        }
    }
    __syncthreads();  // the token is known
    return s.found;
}

// Each warp's sum of its tokens' values, in s.sums.
template <class Value>
__device__ __forceinline__ void sum_warps(Shared& s, const Row& row, const Value& value) {
    Weight sum = 0;
    each_turn(row, [&](int token) {
        if (token < row.vocabulary) sum += value(row[token]);
    });
    sum = warp_sum(sum);
    if (threadIdx.x % kWarp == 0) s.sums[threadIdx.x / kWarp] = sum;
    __syncthreads();  // the sums are there
}

// uniform times a sum, a whole number below it.
__device__ __forceinline__ Weight part_of(double uniform, Weight sum) {
    return min((Weight)(uniform * (double)sum), sum - 1);
}

__device__ __forceinline__ int draw_from_all(Shared& s, const Row& row) {
    const auto weight = [&](float logit) { return row.weight(logit); };
    sum_warps(s, row, weight);
    Weight sum = 0;
    for (int w = 0; w < kWarps; w++) sum += s.sums[w];
    return token_beyond(s, row, part_of(row.draw.uniform, sum), weight);
}

__device__ __forceinline__ int draw_in_order(Shared& s, const Row& row, float smallest) {
    // Where logits end that have a weight; nearly, for bins decide nothing but the work.
    const float range = fminf(row.largest - smallest, (float)((row.bits + 2) / row.draw.scale));
    const float per_unit = fminf(kBins / fmaxf(range, FLT_MIN), FLT_MAX);
    clear(s.all);
    __syncthreads();  // the histogram is clear
    Weight own = 0;
    int own_count = 0;
    each_turn(row, [&](int token) {
        const float logit = token < row.vocabulary ? row[token] : 0.0f;
        const Weight weight = token < row.vocabulary ? row.weight(logit) : 0;
        own += weight, own_count += weight > 0;
        add(s.all, weight > 0 ? bin_of(logit, row.largest, per_unit) : -1, weight);
    });
    own = warp_sum(own), own_count = warp_sum(own_count);
    if (threadIdx.x % kWarp == 0) s.sums[threadIdx.x / kWarp] = own, s.counts[threadIdx.x / kWarp] = own_count;
    __syncthreads();  // the histogram and the sums are whole
    Weight sum = 0;
    int count = 0;
    for (int w = 0; w < kWarps; w++) sum += s.sums[w], count += s.counts[w];
    __syncthreads();  // the sums have been read
    Before before;
    if (row.draw.top_k > 0 && row.draw.top_k < count) {
        const unsigned key = key_reaching<true>(s, row, per_unit, row.draw.top_k, before);
        sum = before.weight + (row.draw.top_k - before.count) * row.weight(logit_of(key));
    }
    const Weight wanted = min(max((Weight)ceil((double)sum * row.draw.top_p), (Weight)1), sum);
    if (wanted < sum) {
        const unsigned key = key_reaching<false>(s, row, per_unit, wanted, before);
        const Weight each = row.weight(logit_of(key));
        sum = before.weight + (wanted - before.weight + each - 1) / each * each;
    }
    const Weight drawn = part_of(row.draw.uniform, sum);
    const unsigned key = key_reaching<false>(s, row, per_unit, drawn + 1, before);
    const auto same = [&](float logit) { return (Weight)(key_of(logit) == key); };
    sum_warps(s, row, same);
    return token_beyond(s, row, (drawn - before.weight) / row.weight(logit_of(key)), same);
}

__global__ __launch_bounds__(kThreads) void sample_kernel(
    float* chosen, int64_t chosen_stride, const float* logits, int64_t logits_stride, const candor_draw* draws, const int32_t* seen,
    int vocabulary, int bits) {
    Shared& s = shared<Shared>();
    Row row{logits + blockIdx.x * logits_stride, s.seen, draws[blockIdx.x], vocabulary, bits, 0.0f};
    float* to = chosen + blockIdx.x * chosen_stride;
    const bool wanted = row.draw.scale >= 0;
    if (wanted && row.draw.penalty != 1.0f) {
        for (int i = threadIdx.x; i < (vocabulary + 31) / 32; i += kThreads) s.seen[i] = 0;
        __syncthreads();  // no token is marked
        for (int i = threadIdx.x; i < row.draw.seen_count; i += kThreads) {
            const int token = seen[row.draw.first_seen + i];
            atomicOr(&s.seen[token / 32], 1u << token % 32);
        }
        __syncthreads();  // those seen are marked
    }
    float largest = -INFINITY, smallest = INFINITY;
    if (wanted) {
        each_turn(row, [&](int token) {
            if (token >= vocabulary) return;
            const float logit = row[token];
            largest = logit == logit ? fmaxf(largest, logit) : INFINITY;
            smallest = fminf(smallest, logit);
        });
    }
    largest = warp_max(largest), smallest = -warp_max(-smallest);
    if (threadIdx.x % kWarp == 0) s.largest[threadIdx.x / kWarp] = largest, s.smallest[threadIdx.x / kWarp] = smallest;
    __syncthreads();  // the warps' extremes are there
    largest = s.largest[0], smallest = s.smallest[0];
    for (int w = 1; w < kWarps; w++) largest = fmaxf(largest, s.largest[w]), smallest = fminf(smallest, s.smallest[w]);
    if (fabsf(largest) == INFINITY) {
        if (threadIdx.x == 0) to[0] = -1.0f, to[1] = 0.0f;
        return;
    }
    row.largest = largest;
    int token;
    if (row.draw.scale == 0 || row.draw.top_k == 1) {
        if (threadIdx.x < kWarps) s.sums[threadIdx.x] = s.largest[threadIdx.x] == largest;
        __syncthreads();  // it is known which warps have the largest
        token = token_beyond(s, row, 0, [&](float logit) { return (Weight)(logit == largest); });
    } else if (row.draw.top_k > 0 || row.draw.top_p < 1) {
        token = draw_in_order(s, row, smallest);
    } else {
        token = draw_from_all(s, row);
    }
    if (threadIdx.x == 0) to[0] = (float)token, to[1] = row.logits[token];
}

// As many as keep the sum of so many weights below 2^62, and 44 at most: enough for what float64 makes of probabilities.
int weight_bits(int vocabulary) {
    int bits = 62;
    for (int rest = vocabulary; rest > 0; rest /= 2) bits--;
    return bits < 44 ? bits : 44;
}

}  // namespace
}  // namespace candor

CANDOR_API int candor_sample_tokens(
    const candor_matrix* chosen, const candor_matrix* logits, const candor_draw* draws, const int32_t* seen, candor_stream* stream) {
    using namespace candor;
    const Where where = CANDOR_WHERE("sampleTokens");
    const int t = rows(logits), v = cols(logits);
    int status = check(where, {{"chosen", chosen, CANDOR_F32, t, 2}, {"logits", logits, CANDOR_F32, t, v}});
    if (status == 0 && v < 1) status = refuse(CANDOR_BAD_ARGUMENT, where, "no token to choose");
    if (status == 0 && v > kMostVocabulary) {
        status = refuse(CANDOR_UNSUPPORTED, where, "a vocabulary of %d, of which at most %d are marked", v, kMostVocabulary);
    }
    if (status == 0) status = enter(stream, where);
    if (status != 0 || t == 0) return status;
    const size_t bytes = sizeof(Shared) + sizeof(unsigned) * ((v + 31) / 32);
    return report(
        launch(
            where.op, sample_kernel, {dim3(t), dim3(kThreads), bytes, stream->handle}, data<float>(chosen), stride(chosen),
            data<const float>(logits), stride(logits), draws, seen, v, weight_bits(v)),
        where, "T=%d V=%d", t, v);
}
