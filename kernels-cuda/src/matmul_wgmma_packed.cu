// Products of few rows with packed weights by wgmma, for sm_90a. Blocks are one warpgroup, which loads, unpacks and multiplies in
// turns; several of them on a multiprocessor fill one another's waits.
#include "packed_product.h"
#include "wgmma_tile.h"

namespace candor {
namespace {

struct WgmmaCore {
    static constexpr int kRows = kPackedRowsOfWgmma, kSums = PackedTile::kColumns / 2;
    static_assert(kRows == 64 && PackedTile::kThreads == kWarpgroup, "one wgmma");
    float d[kSums] = {};

    __device__ __forceinline__ static void written() {
        fence_proxy_async();  // the tensor cores read what was written here
    }

    // The sums are set where nothing is to be added to.
    __device__ __forceinline__ void multiply(const bf16* x, const bf16* w, int products, bool add) {
        constexpr int kAll = PackedTile::kDepth / 16;
        if (products == kAll) {
            multiply_from<kAll>(x, w, 0, add);
        } else {
            for (int p = 0; p < products; p++) multiply_from<1>(x, w, p, add || p > 0);
        }
        wgmma_wait<0>();
        wgmma_registers(d);
    }

    template <int Count>
    __device__ __forceinline__ void multiply_from(const bf16* x, const bf16* w, int first, bool add) {
        constexpr int kBoxBytes = PackedTile::kBoxDepth * sizeof(bf16), kInBox = PackedTile::kBoxDepth / 16;
        const uint64_t left = wgmma_descriptor(x), right = wgmma_descriptor(w);
        wgmma_registers(d);
        wgmma_fence();
#pragma unroll
        for (int i = 0; i < Count; i++) {
            const int box = (first + i) / kInBox, k = (first + i) % kInBox * (16 * (int)sizeof(bf16));
            wgmma<PackedTile::kColumns, false>(d, further(left, box * kRows * kBoxBytes + k),
                further(right, box * PackedTile::kColumns * kBoxBytes + k), add || i > 0);
        }
        wgmma_commit();
        wgmma_registers(d);
    }

    __device__ __forceinline__ void finish(const MatmulArguments& g, int column) const {
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int r = (int)threadIdx.x / kWarp * 16 + fragment_row(2 * half);
            if (r >= g.m) continue;
#pragma unroll
            for (int j = 0; j < PackedTile::kColumns / 8; j++) {
                const int c = column + j * 8 + fragment_column(0);
                if (c < g.n) candor::finish(g, r, c, d[j * 4 + half * 2], d[j * 4 + half * 2 + 1]);
            }
        }
    }
};

template <Form F>
__global__ void __launch_bounds__(PackedTile::kThreads) packed_wgmma_kernel(const MatmulArguments g) {
    PackedProduct<F, WgmmaCore>(shared<PackedShared<F, WgmmaCore>>(), g).run();
}

template <Form F>
cudaError_t launch_form(const MatmulArguments& g, cudaStream_t stream) {
    return launch_packed<F, WgmmaCore>("matmul packed wgmma", packed_wgmma_kernel<F>, g, stream);
}

}  // namespace

cudaError_t matmul_wgmma_packed(const MatmulArguments& g, cudaStream_t stream) {
    switch (g.packed.form) {
        case Form::int8: return launch_form<Form::int8>(g, stream);
        case Form::fp8: return launch_form<Form::fp8>(g, stream);
        case Form::nf4: return launch_form<Form::nf4>(g, stream);
        case Form::nf4_nested: return launch_form<Form::nf4_nested>(g, stream);
        default: return cudaErrorInvalidValue;
    }
}

}  // namespace candor
