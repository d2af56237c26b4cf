// Tensor maps for matrices of bf16 whose tiles lie in shared memory as wgmma reads them: rows of 128 bytes, 16-byte chunks
// permuted (the 128-byte swizzle). The driver encodes them; its function is looked up at run time, so that nothing is linked
// with the driver.
#pragma once
#include <cuda.h>
#include <cuda_runtime.h>

namespace candor {

// Columns of a box: 128 bytes, the swizzle's span.
constexpr int kBoxColumns = 64;

inline decltype(&cuTensorMapEncodeTiled) find_encoder() {
#ifdef CANDOR_EMULATED
    return &cuTensorMapEncodeTiled;
#else
    void* found = nullptr;
    cudaDriverEntryPointQueryResult result;
    constexpr unsigned kSince = 12000;  // the version of CUDA whose function it is
    const cudaError_t code =
        cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &found, kSince, cudaEnableDefault, &result);
    return reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(code == cudaSuccess ? found : nullptr);
#endif
}

// Boxes of (box_rows, 64) of a matrix (rows, columns), zeros outside of it; data and stride (elements) at multiples of 16
// bytes. False where the driver will not.
inline bool encode_tensor_map(
    CUtensorMap* map, const void* data, int64_t stride, int64_t rows, int64_t columns, int box_rows) {
    static const auto encode = find_encoder();
    const cuuint64_t dims[2] = {(cuuint64_t)columns, (cuuint64_t)rows}, strides[1] = {(cuuint64_t)stride * 2};
    const cuuint32_t box[2] = {(cuuint32_t)kBoxColumns, (cuuint32_t)box_rows}, steps[2] = {1, 1};
    return encode != nullptr
        && encode(map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, const_cast<void*>(data), dims, strides, box, steps,
               CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
               CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)
        == CUDA_SUCCESS;
}

}  // namespace candor
