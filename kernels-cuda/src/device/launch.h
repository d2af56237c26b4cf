// Launching a kernel, under nvcc through cudaLaunchKernelEx, emulated by handing over a closure. No <<<>>> anywhere.
#pragma once
#include <cuda_runtime.h>

#ifdef CANDOR_EMULATED
#include <tuple>
#include <type_traits>
#include <utility>
#endif

namespace candor {

struct LaunchShape {
    dim3 grid, block;
    size_t shared_bytes = 0;
    cudaStream_t stream = nullptr;
    dim3 cluster = dim3(1, 1, 1);
};

// Bytes of dynamic shared memory that need no opting in.
constexpr size_t kPlainSharedBytes = 48 << 10;

// Launches kernel(arguments...) and returns CUDA's status; `name` is for reports. An empty grid is no launch: check first.
template <class... Parameters, class... Arguments>
cudaError_t launch(const char* name, void (*kernel)(Parameters...), const LaunchShape& shape, Arguments&&... arguments) {
    if (shape.shared_bytes > kPlainSharedBytes) {
        const cudaError_t status =
            cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)shape.shared_bytes);
        if (status != cudaSuccess) return status;
    }
#ifdef CANDOR_EMULATED
    const emulator::Launch what{name, shape.grid, shape.block, shape.cluster, shape.shared_bytes};
    const int status = emulator::check(what);
    if (status != 0) return (cudaError_t)status;
    auto copies = std::tuple<std::decay_t<Parameters>...>(std::forward<Arguments>(arguments)...);
    const int queued =
        emulator::enqueue(shape.stream, [=]() { emulator::run(what, [&]() { std::apply(kernel, copies); }); });
    return queued != 0 ? (cudaError_t)queued : cudaGetLastError();
#else
    (void)name;
    cudaLaunchConfig_t config = {};
    config.gridDim = shape.grid;
    config.blockDim = shape.block;
    config.dynamicSmemBytes = shape.shared_bytes;
    config.stream = shape.stream;
    cudaLaunchAttribute cluster[1];
    cluster[0].id = cudaLaunchAttributeClusterDimension;
    cluster[0].val.clusterDim.x = shape.cluster.x;
    cluster[0].val.clusterDim.y = shape.cluster.y;
    cluster[0].val.clusterDim.z = shape.cluster.z;
    if (shape.cluster.x * shape.cluster.y * shape.cluster.z > 1) {
        config.attrs = cluster;
        config.numAttrs = 1;
    }
    return cudaLaunchKernelEx(&config, kernel, Parameters(arguments)...);
#endif
}

}  // namespace candor
