// Adapters on a linear layer: images of their factors, in bf16 for the tensor cores, and their gradients.
#pragma once
#include "api.h"
#include "device/device.h"
#include "layout.h"
#include "matmul_kernel.h"

namespace candor {

// Factors as products read them: for each slot those of all its entries, which stand at their columns of t and at their outputs,
// zeros around them. In memory of its own, which a caller fills when factors have changed, or in scratch memory, a slot for each
// run of rows.
struct LoraImage {
    bf16* a;        // per slot (P, a_stride): the down projections
    bf16* b;        // per slot (O, P): the up projections
    float* scales;  // per slot, for every 16 columns of t
    int slots, padded_rank, inputs, outputs;
    int64_t a_stride;

    __host__ __device__ int64_t a_size() const { return padded_rank * a_stride; }
    __host__ __device__ int64_t b_size() const { return (int64_t)outputs * padded_rank; }
    __host__ __device__ int groups() const { return padded_rank / kScaleColumns; }

    // The same from one slot on.
    LoraImage slot(int64_t number) const {
        LoraImage image = *this;
        image.a += number * a_size();
        image.b += number * b_size();
        image.scales += number * groups();
        return image;
    }
};

// Whether an entry is the first of its rows: those that follow speak of the same ones, and of columns of t behind its own.
bool begins_run(const candor_lora* entries, int index);
// The same of entries that are packed into images, whatever rows they name.
bool begins_slot(const candor_lora* entries, int index);

LoraImage lay_out_image(Layout& layout, int slots, int padded_rank, int inputs, int outputs);
LoraImage image_of(const candor_lora_image& image);
uint32_t* lay_out_marks(Layout& layout);

// 0, or the status of a sentence about what is wrong: with an image's sizes; with an entry, the first of its rows or slot or
// not, of a layer (O,I) whose t has so many columns.
int check_image(const candor_lora_image& image, const Where& where);
int check_factors(const candor_lora* entries, int index, bool begins, int padded_rank, int i, int o, const Where& where);

// From float32. Factors that are not finite in bf16 become zeros, and the entry's scale NaN: rows of other runs, which are
// zeros, share tiles with them, and 0 times infinity is no zero. The first fills an image with a slot for each run, the second
// those that the entries name.
cudaError_t pack_runs(const LoraImage& image, const candor_lora* entries, int count, uint32_t* marks, cudaStream_t stream);
cudaError_t pack_images(const candor_lora* entries, int count, uint32_t* marks, cudaStream_t stream);

// to = runs, from host memory.
cudaError_t list_runs(LoraRun* to, const LoraRun* runs, int count, cudaStream_t stream);

// Floats of scratch memory that lora_down wants for t (N,P) from a left operand of k columns.
int64_t down_floats(int n, int k, int padded_rank);

// t (N,P) = scale * left * factors, for the rows of runs. k is cut in pieces that depend on k alone, and their sums are added in
// order.
cudaError_t lora_down(
    const candor_matrix& t, const LoraExtension& lora, bool transposed, float* partials, const candor_stream* stream);

// Which of the two gradients: da (R,I) += dtT x, or db (O,R) += dyT t.
enum class Factor { a, b };

// Floats of scratch memory that lora_gradient wants for both factors.
int64_t gradient_floats(const candor_lora* entries, int count, int padded_rank, int inputs);

// narrow (N,padded_rank): dt or t; wide (N,I) or (N,O): x or dy. Sums over tokens are cut in pieces by position in the run, and
// the pieces are added in order. x is read once for all entries of a run, and each column of dy once.
cudaError_t lora_gradient(Factor factor, const Matrix& narrow, const Matrix& wide, int inputs, int padded_rank,
    const candor_lora* entries, int count, float* partials, cudaStream_t stream);

}  // namespace candor
