// Launches: shapes checked, blocks dealt to host threads.
#include "emulator/launch.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "config.h"
#include "emulator/host_api.h"
#include "machine.h"

namespace emulator {
namespace {

std::atomic<uint32_t> launches{0};
std::mutex limits_mutex;
std::map<const void*, size_t> limits;

// One state per host thread, kept from launch to launch: mapping stacks is dear.
std::vector<std::unique_ptr<Group>>& groups() {
    static std::vector<std::unique_ptr<Group>> all;
    return all;
}
std::mutex run_mutex;

// The order in which groups of blocks begin.
std::vector<unsigned> order(unsigned count) {
    std::vector<unsigned> order(count);
    for (unsigned i = 0; i < count; i++) order[i] = i;
    if (!config.shuffle) return order;
    uint64_t state = config.seed * 0x9E3779B97F4A7C15ull | 1;
    for (unsigned i = count; i > 1; i--) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        std::swap(order[i - 1], order[(state >> 33) % i]);
    }
    return order;
}

}  // namespace

int check(const Launch& launch) {
    const uint64_t threads = (uint64_t)launch.block.x * launch.block.y * launch.block.z;
    const uint64_t cluster = (uint64_t)launch.cluster.x * launch.cluster.y * launch.cluster.z;
    const bool grid = launch.grid.x && launch.grid.y && launch.grid.z && launch.grid.y < 65536 && launch.grid.z < 65536;
    if (!grid || !threads || threads > 1024 || launch.block.z > 64 || !cluster || cluster > 8
        || launch.grid.x % launch.cluster.x || launch.grid.y % launch.cluster.y || launch.grid.z % launch.cluster.z
        || launch.shared_bytes > kMostShared) {
        return cudaErrorInvalidConfiguration;
    }
    return cudaSuccess;
}

void run(const Launch& launch, const std::function<void()>& body) {
    std::lock_guard<std::mutex> lock(run_mutex);
    const unsigned blocks = launch.grid.x * launch.grid.y * launch.grid.z;
    const unsigned cluster = launch.cluster.x * launch.cluster.y * launch.cluster.z;
    const unsigned per_group = std::max(cluster, config.resident / cluster * cluster);
    const std::vector<unsigned> starts = order((blocks + per_group - 1) / per_group);
    const uint32_t number = ++launches;
    std::atomic<unsigned> next{0};
    std::atomic<bool> failed{false};
    while (groups().size() < config.threads) groups().push_back(std::make_unique<Group>());
    const auto work = [&](unsigned worker) {
        group = groups()[worker].get();
        for (unsigned i; !failed && (i = next++) < starts.size();) {
            const unsigned first = starts[i] * per_group;
            run_group(launch, number, body, first, std::min(per_group, blocks - first));
            if (group->failed) failed = true;
        }
        group = nullptr;
    };
    const unsigned workers = std::min<unsigned>(config.threads, (unsigned)starts.size());
    std::vector<std::thread> others;
    for (unsigned i = 1; i < workers; i++) others.emplace_back(work, i);
    work(0);
    for (std::thread& other : others) other.join();
}

cudaError_t set_shared_limit(const void* kernel, int bytes) {
    if (bytes < 0 || (size_t)bytes > kMostShared) return cudaErrorInvalidValue;
    std::lock_guard<std::mutex> lock(limits_mutex);
    limits[kernel] = (size_t)bytes;
    return cudaSuccess;
}

size_t shared_limit(const void* kernel) {
    std::lock_guard<std::mutex> lock(limits_mutex);
    const auto found = limits.find(kernel);
    return found == limits.end() ? kMostSharedPlain : std::max(found->second, kMostSharedPlain);
}

}  // namespace emulator
