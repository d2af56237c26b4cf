// Which tiles of which sequences blocks have. A grid of as many tiles as the longest sequence has, for every sequence, is mostly empty
// where lengths differ: 40 short rows beside one of 2,048 make 656 tiles a head, of which 56 have rows. Then a list names those that do.
#include <atomic>

#include "attention_kernel.h"
#include "candor_tuning.h"

namespace candor {
namespace {

constexpr int kListThreads = 32;
constexpr int kMostInGrid = 65535;  // in y and z
// A tile that no sequence has: it begins behind its end.
constexpr int kNoTile = 1 << 20;

std::atomic<int> asked_list{-1};

struct ListArguments {
    TilePlace* places;
    const int* starts;
    int sequences, rows, count;

    __device__ __forceinline__ int tiles(int sequence) const {
        return (starts[sequence + 1] - starts[sequence] + rows - 1) / rows;
    }
};

// Each thread: one tile of one sequence, if there is one, at its place: behind all tiles of higher numbers, and those of its number in
// sequences before it. What is left of the list are tiles that do not exist.
__global__ void __launch_bounds__(kListThreads) list_kernel(const ListArguments g) {
    const int sequence = blockIdx.y, tile = blockIdx.x * kListThreads + threadIdx.x;
    int place = 0, all = 0;
    for (int s = 0; s < g.sequences; s++) {
        const int tiles = g.tiles(s);
        all += tiles;
        place += max(0, tiles - 1 - tile) + (s < sequence && tiles > tile);
    }
    if (tile < g.tiles(sequence)) g.places[place] = {sequence, tile};
    if (blockIdx.x == 0 && blockIdx.y == 0) {
        for (int i = all + threadIdx.x; i < g.count; i += kListThreads) g.places[i] = {0, kNoTile};
    }
}

}  // namespace

TileGrid tile_grid(int rows, int n, int sequences, int longest) {
    const int tiles = ceil_div(longest, rows), most = n / rows + sequences;
    const bool can = most <= kMostInGrid && sequences <= kMostInGrid;
    const int asked = asked_list.load();
    // A list is a launch more: it pays where half of the grid is empty.
    const bool listed = can && (asked < 0 ? (int64_t)tiles * sequences > 2 * (int64_t)most : asked == 1);
    return {rows, listed ? most : tiles, listed};
}

cudaError_t list_tiles(
    TilePlace* places, const TileGrid& grid, const int* starts, int sequences, int longest, cudaStream_t stream) {
    const dim3 blocks(ceil_div(ceil_div(longest, grid.rows), kListThreads), sequences);
    return launch("attention tiles", list_kernel, {blocks, dim3(kListThreads), 0, stream},
        ListArguments{places, starts, sequences, grid.rows, grid.tiles});
}

}  // namespace candor

CANDOR_API void candor_attention_list_use(int listed) {
    candor::asked_list = listed;
}
