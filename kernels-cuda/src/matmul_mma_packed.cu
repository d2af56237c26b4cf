// Products of few rows with packed weights by mma.sync, for sm_80 and all that came after: two of the four warps multiply, 16
// columns each; all of them unpack.
#include "packed_product.h"

namespace candor {
namespace {

struct MmaCore {
    static constexpr int kRows = kPackedRowsOfMma, kWarpColumns = 16;
    float d[2][4] = {};

    __device__ __forceinline__ static int first_column() { return threadIdx.x / kWarp * kWarpColumns; }
    __device__ __forceinline__ static bool multiplies() { return first_column() < PackedTile::kColumns; }
    __device__ __forceinline__ static void written() {}

    __device__ __forceinline__ void multiply(const bf16* x, const bf16* w, int products, bool) {
        if (!multiplies()) return;
        for (int p = 0; p < products; p++) {
            constexpr int kInBox = PackedTile::kBoxDepth / 16;
            const int box = p / kInBox, k = p % kInBox * 16;
            uint32_t a[4], b[2][2];
            load_a<PackedTile::kBoxDepth>(a, x + box * kRows * PackedTile::kBoxDepth, 0, k);
            load_b<PackedTile::kBoxDepth>(b, w + box * PackedTile::kColumns * PackedTile::kBoxDepth, first_column(), k);
            mma_m16n8k16_bf16(d[0], a, b[0]);
            mma_m16n8k16_bf16(d[1], a, b[1]);
        }
    }

    __device__ __forceinline__ void finish(const MatmulArguments& g, int column) const {
        if (!multiplies()) return;
#pragma unroll
        for (int half = 0; half < 2; half++) {
            const int r = fragment_row(2 * half);
            if (r >= g.m) continue;
#pragma unroll
            for (int j = 0; j < 2; j++) {
                const int c = column + first_column() + j * 8 + fragment_column(0);
                if (c < g.n) candor::finish(g, r, c, d[j][2 * half], d[j][2 * half + 1]);
            }
        }
    }
};

template <Form F>
__global__ void __launch_bounds__(PackedTile::kThreads) packed_mma_kernel(const MatmulArguments g) {
    PackedProduct<F, MmaCore>(shared<PackedShared<F, MmaCore>>(), g).run();
}

template <Form F>
cudaError_t launch_form(const MatmulArguments& g, cudaStream_t stream) {
    return launch_packed<F, MmaCore>("matmul packed", packed_mma_kernel<F>, g, stream);
}

}  // namespace

cudaError_t matmul_mma_packed(const MatmulArguments& g, cudaStream_t stream) {
    switch (g.packed.form) {
        case Form::int8: return launch_form<Form::int8>(g, stream);
        case Form::fp8: return launch_form<Form::fp8>(g, stream);
        case Form::nf4: return launch_form<Form::nf4>(g, stream);
        case Form::nf4_nested: return launch_form<Form::nf4_nested>(g, stream);
        default: return cudaErrorInvalidValue;
    }
}

}  // namespace candor
