// ldmatrix and mma.sync: fragments as the PTX ISA draws them (9.7.14, "Matrix fragments for mma.m16n8k16").
#include <cstring>

#include "collective.h"
#include "emulator/instructions.h"
#include "shadow.h"

namespace emulator {
namespace {

const char* const kLoad = "ldmatrix";
const char* const kLoadTransposed = "ldmatrix.trans";
const char* const kProduct = "mma.m16n8k16";

struct LoadLane {
    uint32_t address;
    uint32_t* registers;
    int matrices;
};

void load(const Meeting& meeting, bool transpose) {
    const int matrices = ((LoadLane*)meeting.argument[0])->matrices;
    for (int q = 0; q < matrices; q++) {
        uint16_t m[8][8];
        for (int row = 0; row < 8; row++) {
            memcpy(m[row], shared_pointer(((LoadLane*)meeting.argument[q * 8 + row])->address, 16, 16, kLoad), 16);
        }
        for (int lane = 0; lane < 32; lane++) {
            const int r = lane / 4, c = lane % 4 * 2;
            const uint16_t low = transpose ? m[c][r] : m[r][c];
            const uint16_t high = transpose ? m[c + 1][r] : m[r][c + 1];
            ((LoadLane*)meeting.argument[lane])->registers[q] = low | (uint32_t)high << 16;
        }
    }
}

struct ProductLane {
    float* d;
    const uint32_t *a, *b;
};

float as_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, 4);
    return f;
}
float low(uint32_t pair) { return as_float(pair << 16); }
float high(uint32_t pair) { return as_float(pair & 0xffff0000u); }

void multiply(const Meeting& meeting) {
    float a[16][16], b[16][8], d[16][8];
    for (int lane = 0; lane < 32; lane++) {
        const ProductLane& l = *(ProductLane*)meeting.argument[lane];
        const int g = lane / 4, t = lane % 4 * 2;
        for (int i = 0; i < 4; i++) {
            const int row = g + i % 2 * 8, k = t + i / 2 * 8;
            a[row][k] = low(l.a[i]);
            a[row][k + 1] = high(l.a[i]);
            d[g + i / 2 * 8][t + i % 2] = l.d[i];
        }
        for (int i = 0; i < 2; i++) {
            b[t + i * 8][g] = low(l.b[i]);
            b[t + i * 8 + 1][g] = high(l.b[i]);
        }
    }
    // The device's order and truncation inside a product are not documented; this one is fixed.
    for (int i = 0; i < 16; i++) {
        for (int k = 0; k < 16; k++) {
            for (int j = 0; j < 8; j++) d[i][j] += a[i][k] * b[k][j];
        }
    }
    for (int lane = 0; lane < 32; lane++) {
        const ProductLane& l = *(ProductLane*)meeting.argument[lane];
        const int g = lane / 4, t = lane % 4 * 2;
        for (int i = 0; i < 4; i++) l.d[i] = d[g + i / 2 * 8][t + i % 2];
    }
}

}  // namespace

void ldmatrix(uint32_t* registers, int matrices, uint32_t row_address, bool transpose) {
    // With fewer than four matrices the upper lanes' addresses are not read.
    if ((int)running()->lane < matrices * 8) {
        Access access{kLoad, __builtin_return_address(0)};
        note_access(shared_pointer(row_address, 16, 16, kLoad), 16, access);
    }
    LoadLane mine{row_address, registers, matrices};
    if (transpose) {
        meet(kLoadTransposed, ~0u, &mine, [](Meeting& meeting, Warp&) { load(meeting, true); });
    } else {
        meet(kLoad, ~0u, &mine, [](Meeting& meeting, Warp&) { load(meeting, false); });
    }
}

void mma_m16n8k16_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    ProductLane mine{d, a, b};
    meet(kProduct, ~0u, &mine, [](Meeting& meeting, Warp& warp) {
        if (warp.present != ~0u) fail("%s in a partial warp", kProduct);
        multiply(meeting);
    });
}

}  // namespace emulator
