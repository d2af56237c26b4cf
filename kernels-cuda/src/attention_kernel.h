// What the attention kernels with mma.sync and with wgmma both take; attention.cu chooses between them.
#pragma once
#include "attention.h"
#include "layout.h"

namespace candor {

// Rows of a block's tile, for queries and keys.
constexpr int kMmaTile = 64, kWgmmaTile = 128;

// Blocks of a head: `tiles` of each sequence, or where `listed` `tiles` in all, which list_tiles names.
struct TileGrid {
    int rows, tiles;
    bool listed;

    int64_t bytes() const { return listed ? aligned(tiles * (int64_t)sizeof(TilePlace)) : 0; }
};
TileGrid tile_grid(int rows, int n, int sequences, int longest);
cudaError_t list_tiles(
    TilePlace* places, const TileGrid& grid, const int* starts, int sequences, int longest, cudaStream_t stream);

struct ForwardArguments {
    Attention in;
    bf16* o;
    int64_t o_stride;
    float* lse;
    int64_t lse_stride;
    int n, sequences, tiles;  // sequences and tiles of the grid
};

struct BackwardArguments {
    Attention in;
    Matrix dout, o;
    const float* lse;
    int64_t lse_stride;
    bf16* dqkv;
    int64_t dqkv_stride;
    int n, sequences, tiles;  // sequences and tiles of the grid
};

// Bytes of scratch memory where there are any, and the operation. Views may lie as they like.
cudaError_t attention_mma(const ForwardArguments& g, cudaStream_t stream);
int64_t attention_backward_mma_scratch(const BackwardArguments& g);
cudaError_t attention_backward_mma(const BackwardArguments& g, void* scratch, cudaStream_t stream);
int64_t attention_wgmma_scratch(const ForwardArguments& g);
cudaError_t attention_wgmma(const ForwardArguments& g, void* scratch, cudaStream_t stream);
int64_t attention_backward_wgmma_scratch(const BackwardArguments& g);
cudaError_t attention_backward_wgmma(const BackwardArguments& g, void* scratch, cudaStream_t stream);

// TMA reads rows that begin at multiples of 16 bytes. Where a matrix (rows,columns) has others, room for a copy of it.
bf16* take_copy(Layout& layout, const Matrix& m, int rows, int columns);
// The matrix becomes its copy there, if there has to be one.
cudaError_t copy_aligned(Matrix& m, bf16* there, int rows, int columns, cudaStream_t stream);

}  // namespace candor
