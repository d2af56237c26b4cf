// TMA: boxes of a matrix between global and shared memory (PTX ISA, cp.async.bulk.tensor), two dimensions, bf16.
#include <algorithm>
#include <cstring>

#include "config.h"
#include "emulator/instructions.h"
#include "mbarrier.h"
#include "shadow.h"
#include "tensor_map.h"

namespace emulator {
namespace {

constexpr uint64_t kMagic = 0x746d61706b63656dull;
constexpr int kChunkBytes = 16;
constexpr int kChunkElements = kChunkBytes / TensorMap::kElementBytes;

// f(pointer to a 16-byte chunk in shared memory, its row, its first column) for each chunk of the box.
template <class F>
void for_each_chunk(const TensorMap& map, unsigned char* shared, uint32_t address, int column, int row, F f) {
    static const uint32_t masks[4] = {0, 1, 3, 7};
    const unsigned row_bytes = map.box_columns * TensorMap::kElementBytes;
    for (unsigned r = 0; r < map.box_rows; r++) {
        for (unsigned offset = 0; offset < row_bytes; offset += kChunkBytes) {
            const uint32_t chunk = swizzled(address + r * row_bytes + offset, masks[map.swizzle]);
            f(shared + (chunk - kSharedBase), (int64_t)row + r, (int64_t)column + offset / TensorMap::kElementBytes);
        }
    }
}

Access agent_access(const char* what, bool write, bool async_proxy, void* place) {
    Access access{what, place};
    access.write = write;
    access.by_agent = true;
    access.async_proxy = async_proxy;
    return access;
}

void load_box(const TensorMap& map, unsigned char* shared, uint32_t address, int column, int row) {
    for_each_chunk(map, shared, address, column, row, [&](unsigned char* chunk, int64_t r, int64_t c) {
        uint16_t elements[kChunkElements] = {};  // zeros where the box is outside the matrix
        for (int i = 0; i < kChunkElements; i++) {
            if (map.inside(r, c + i)) memcpy(&elements[i], map.at(r, c + i), sizeof elements[i]);
        }
        memcpy(chunk, elements, sizeof elements);
    });
}

void store_box(const TensorMap& map, unsigned char* shared, uint32_t address, int column, int row) {
    for_each_chunk(map, shared, address, column, row, [&](unsigned char* chunk, int64_t r, int64_t c) {
        for (int i = 0; i < kChunkElements; i++) {
            if (map.inside(r, c + i)) {
                memcpy(map.at(r, c + i), chunk + i * TensorMap::kElementBytes, TensorMap::kElementBytes);
            }
        }
    });
}

void note_box(const TensorMap& map, unsigned char* shared, uint32_t address, int column, int row,
    const Access& in_shared, const Access& in_global) {
    if (!config.race) return;
    for_each_chunk(map, shared, address, column, row, [&](unsigned char* chunk, int64_t r, int64_t c) {
        note_access(chunk, kChunkBytes, in_shared);
        for (int i = 0; i < kChunkElements; i++) {
            if (map.inside(r, c + i)) note_access(map.at(r, c + i), TensorMap::kElementBytes, in_global);
        }
    });
}

}  // namespace

TensorMap tensor_map(const CUtensorMap* map) {
    TensorMap m;
    if ((uintptr_t)map % 64) fail("the tensor map is not 64-byte aligned");
    memcpy(&m, map, sizeof m);
    if (m.magic != kMagic) fail("this is not a tensor map");
    return m;
}

void tma_load_2d(void* destination, const CUtensorMap* handle, uint64_t* word, int column, int row) {
    Thread& thread = *running();
    const TensorMap map = tensor_map(handle);
    MBarrier* barrier = &mbarrier_state(word, "cp.async.bulk.tensor");
    const uint32_t address = shared_address(destination);
    const unsigned bytes = map.box_bytes();
    shared_pointer(address, bytes, 128, "cp.async.bulk.tensor");
    void* place = __builtin_return_address(0);
    const uint32_t moment = ++thread.async_clock;
    const VectorClock issued = thread.clock;
    unsigned char* shared = thread.shared;
    note_box(map, shared, address, column, row, agent_access("TMA load", true, true, place),
        agent_access("TMA source", false, false, place));
    const unsigned agent = group->threads_per_block + thread.linear;
    later([=]() {
        load_box(map, shared, address, column, row);
        if (config.race) {
            VectorClock arrived = issued;
            arrived[agent] = std::max(arrived[agent], moment);
            join(barrier->released, arrived);
        }
        barrier->bytes -= bytes;
        mbarrier_settle(*barrier);
    });
}

void tma_store_2d(const CUtensorMap* handle, const void* source, int column, int row) {
    Thread& thread = *running();
    const TensorMap map = tensor_map(handle);
    const uint32_t address = shared_address(source);
    shared_pointer(address, map.box_bytes(), 128, "cp.async.bulk.tensor store");
    void* place = __builtin_return_address(0);
    thread.async_clock++;
    unsigned char* shared = thread.shared;
    note_box(map, shared, address, column, row, agent_access("TMA store source", false, true, place),
        agent_access("TMA store", true, true, place));
    BulkStore& store = thread.bulk_stores.add({[=]() { store_box(map, shared, address, column, row); }});
    if (config.async == Async::eager) {
        store.run();
        thread.bulk_stores.last_is_done();
    }
}

void bulk_commit() {
    running()->bulk_stores.commit(running()->async_clock);
}

void bulk_wait(int groups_in_flight) {
    Thread& thread = *running();
    thread.bulk_stores.wait(groups_in_flight, [](BulkStore& store) { store.run(); }, [&](uint32_t clock) {
        if (!config.race) return;
        uint32_t& seen = thread.clock[group->threads_per_block + thread.linear];
        seen = std::max(seen, clock);
    });
}

void fence_proxy_async() {
    if (!config.race) return;
    running()->proxy_fence = running()->now();
    running()->now()++;
}

}  // namespace emulator

extern "C" CUresult cuTensorMapEncodeTiled(CUtensorMap* handle, CUtensorMapDataType type, cuuint32_t rank, void* base,
    const cuuint64_t* dims, const cuuint64_t* strides, const cuuint32_t* box, const cuuint32_t* element_strides,
    CUtensorMapInterleave interleave, CUtensorMapSwizzle swizzle, CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
    using emulator::TensorMap;
    const unsigned row_bytes = rank == 2 ? box[0] * TensorMap::kElementBytes : 0;
    static const unsigned spans[4] = {0, 32, 64, 128};
    const bool documented = rank == 2 && type == CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 && (uintptr_t)handle % 64 == 0
        && (uintptr_t)base % 16 == 0 && strides[0] % 16 == 0 && strides[0] < 1ull << 40 && dims[0] && dims[1] && box[0]
        && box[1] && box[0] <= 256 && box[1] <= 256 && row_bytes % 16 == 0 && element_strides[0] == 1
        && element_strides[1] == 1 && interleave == CU_TENSOR_MAP_INTERLEAVE_NONE;
    // A box narrower than the swizzle's span is legal on the device and not modelled here.
    if (!documented || (swizzle && row_bytes != spans[swizzle])) return CUDA_ERROR_INVALID_VALUE;
    TensorMap map{};
    map.magic = emulator::kMagic;
    map.base = (unsigned char*)base;
    map.columns = dims[0];
    map.rows = dims[1];
    map.row_bytes = strides[0];
    map.box_columns = box[0];
    map.box_rows = box[1];
    map.swizzle = swizzle;
    static_assert(sizeof(TensorMap) <= sizeof(CUtensorMap), "the handle is opaque and large enough");
    memset(handle, 0, sizeof *handle);
    memcpy(handle, &map, sizeof map);
    return CUDA_SUCCESS;
}
