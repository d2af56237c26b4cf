// Every tile of matrix products, at the shapes that matter: sm_90a's in bands of several heights, and mma.sync's, which other
// devices have: which one is quick where. The tables of matmul_wgmma.cu and matmul_mma.cu are written from it. A tile's result must have the
// bytes of the first one of its kind, and be cuBLAS's within rounding; looked at are whole rows, 64 of them from all over the result.
#pragma once
#include <cmath>
#include <string>

#include "candor_tuning.h"
#include "measure.h"

namespace op_time {

class Tiles {
public:
    Tiles() : cublas_(driver_) {}

    void run() {
        candor_device_properties properties;
        must(candor_device_describe(&properties, device));
        wgmma_ = properties.major == 9;
        const int64_t bytes = once ? 64 << 20 : 3ll << 29;
        operands_ = std::make_shared<Buffer>(bytes);
        operands_->put(uniform_bf16(bytes, 1));
        result_ = std::make_shared<Buffer>(once ? 4 << 20 : 1ll << 30);
        printf("TFLOP/s of every tile in bands of so many rows; x (m,k), y (m,n).\n\n| product | tile |");
        for (int band : kBands) printf(" %d |", band);
        printf(" best of cuBLAS |\n|---|---|");
        for (size_t i = 0; i < std::size(kBands); i++) printf("---|");
        printf("---|\n");
        for (const Product& p : once ? tiny() : products()) {
            for (bool transposed : {false, true}) table(p, transposed);
        }
    }

private:
    struct Product {
        const char* name;
        int m, k, n;
    };
    static constexpr int kBands[] = {1024, 2048, 4096};

    static std::vector<Product> tiny() { return {{"tiny", 150, 72, 264}}; }
    static std::vector<Product> products() {
        return {{"4096 cubed", 4096, 4096, 4096}, {"8192 cubed", 8192, 8192, 8192}, {"8B q k v", 8192, 4096, 6144},
            {"8B o", 8192, 4096, 4096}, {"8B gate up", 8192, 4096, 28672}, {"8B down", 8192, 14336, 4096},
            {"8B head, a chunk", 2048, 4096, 2048}, {"0.5B q k v", 8192, 896, 1152}, {"0.5B o", 8192, 896, 896},
            {"0.5B gate up", 8192, 896, 9728}, {"0.5B down", 8192, 4864, 896}, {"8B q k v, 1 row", 1, 4096, 6144},
            {"8B down, 16 rows", 16, 14336, 4096}, {"8B gate up, 64 rows", 64, 4096, 28672}, {"8B o, 64 rows", 64, 4096, 4096},
            {"8B q k v, 512 rows", 512, 4096, 6144}};
    }

    // A call's operands: slices of one piece of random memory.
    candor_bf16* slice(int64_t index, int64_t bytes) const {
        const int64_t room = (operands_->bytes - bytes) / 256;
        return operands_->as<candor_bf16>() + (room > 0 ? index * ((bytes + 255) / 256) % room : 0) * 128;
    }

    static candor_matrix matrix(candor_bf16* data, int rows, int cols) { return {data, cols, rows, cols, CANDOR_BF16, nullptr}; }

    // y (m,n) = x (m,k) w: w (n,k), or (k,n) where `transposed`.
    int call(const Product& p, bool transposed, int index) const {
        const int64_t x_bytes = 2ll * p.m * p.k, w_bytes = 2ll * p.n * p.k, y_bytes = 2ll * p.m * p.n;
        const int64_t set = index % sets(x_bytes + w_bytes + y_bytes);
        const candor_matrix x = matrix(slice(2 * set, x_bytes), p.m, p.k), y = matrix(result_->as<candor_bf16>(), p.m, p.n);
        const candor_matrix w =
            transposed ? matrix(slice(2 * set + 1, w_bytes), p.k, p.n) : matrix(slice(2 * set + 1, w_bytes), p.n, p.k);
        return transposed ? candor_linear_backward(&y, nullptr, &x, nullptr, nullptr, &w, 1, nullptr, 0, 0, stream)
                          : candor_linear(&y, nullptr, &x, &w, nullptr, nullptr, nullptr, 0, nullptr, stream);
    }

    bool call_cublas(const Product& p, bool transposed, int index) const {
        const int64_t x_bytes = 2ll * p.m * p.k, w_bytes = 2ll * p.n * p.k, y_bytes = 2ll * p.m * p.n;
        const int64_t set = index % sets(x_bytes + w_bytes + y_bytes);
        candor_bf16 *x = slice(2 * set, x_bytes), *w = slice(2 * set + 1, w_bytes), *y = result_->as<candor_bf16>();
        return transposed ? cublas_.linear_backward(y, x, w, p.m, p.n, p.k) : cublas_.linear(y, x, w, p.m, p.k, p.n);
    }

    // Rows from all over the result, at every place within a tile.
    std::vector<candor_bf16> rows(const Product& p) const {
        const int apart = std::max(1, p.m / 64 - 1), count = std::min(64, (p.m - 1) / apart + 1);
        std::vector<candor_bf16> v((size_t)count * p.n);
        must(candor_copy_to_host(v.data(), 2ll * p.n, result_->as<void>(), 2ll * p.n * apart, 2ll * p.n, count, stream));
        must(candor_stream_synchronise(stream));
        return v;
    }

    // ‖a − b‖ / ‖b‖
    static double apart(const std::vector<candor_bf16>& a, const std::vector<candor_bf16>& b) {
        const auto value = [](candor_bf16 v) {
            const uint32_t bits = (uint32_t)v << 16;
            float f;
            memcpy(&f, &bits, 4);
            return (double)f;
        };
        double difference = 0, norm = 0;
        for (size_t i = 0; i < a.size(); i++) {
            const double x = value(a[i]), y = value(b[i]);
            difference += (x - y) * (x - y);
            norm += y * y;
        }
        return std::sqrt(difference / norm);
    }

    void clear() const {
        must(candor_zero(result_->as<void>(), result_->bytes, result_->bytes, 1, stream));
        must(candor_stream_synchronise(stream));
    }

    void table(const Product& p, bool transposed) {
        const std::string name = std::string(p.name) + (transposed ? ", w (k,n)" : "");
        const double flops = 2.0 * p.m * p.k * p.n;
        std::vector<candor_bf16> wanted;
        double peer = -1;
        if (cublas_.there() && !once) {
            clear();
            driver_.start();
            call_cublas(p, transposed, 0);
            driver_.end();
            wanted = rows(p);
            peer = theirs(driver_, [&](int index) { return call_cublas(p, transposed, index); });
            printf("| %s | cuBLAS | %.1f | | | %.1f µs |\n", name.c_str(), flops / peer / 1e12, peer * 1e6);
        }
        const auto row = [&](bool of_mma, int tile, bool chosen, std::vector<candor_bf16>& first) {
            const char* called = of_mma ? candor_mma_tile_name(tile) : candor_tile_name(tile);
            printf("| %s | %s%s |", name.c_str(), of_mma ? "mma.sync, " : "", called ? called : "the library's choice");
            const auto use = [&](int band) {
                if (!of_mma) candor_tile_use(chosen ? -1 : tile, chosen ? 0 : band);
                if (of_mma) candor_mma_tile_use(chosen ? -1 : tile);
            };
            use(0);
            clear();
            must(call(p, transposed, 0));
            const std::vector<candor_bf16> got = rows(p);
            if (tile == 0) first = got;
            const double distance = wanted.empty() ? 0 : apart(got, wanted);
            if (got != first || !(distance < 0.01)) {
                failed = true;
                printf(" %s, %.3g of its size from cuBLAS's", got == first ? "wrong" : "not the first tile's bytes", distance);
            }
            double best = 0;
            for (int band : kBands) {
                // A band that holds all rows is like any other that does; mma.sync has none.
                if (band != kBands[0] && (chosen || of_mma || band > p.m)) {
                    printf(" |");
                    continue;
                }
                use(band);
                const double time = ours([&](int index) { return call(p, transposed, index); });
                if (time <= 0) failed = true;
                if (best == 0 || time < best) best = time;
                printf(" %.1f |", flops / time / 1e12);
            }
            if (peer > 0) printf(" %.1f %%", 100 * peer / best);
            printf(" |\n");
            fflush(stdout);
        };
        // Last of each kind, what the library takes by itself; on sm_90a it never takes mma.sync for these.
        std::vector<candor_bf16> first, first_of_mma;
        for (int tile = 0; wgmma_ && tile <= candor_tile_count(); tile++) row(false, tile, tile == candor_tile_count(), first);
        candor_tile_use(-1, 0);
        for (int tile = 0; tile < candor_mma_tile_count(); tile++) row(true, tile, false, first_of_mma);
        candor_mma_tile_use(-1);
        if (!wgmma_) row(true, candor_mma_tile_count(), true, first_of_mma);
    }

    const Driver driver_;
    const Cublas cublas_;
    bool wgmma_ = false;
    Memory operands_, result_;
};

}  // namespace op_time
