// The filter is a program of the kernel's packet filter (BPF), written here as its few blocks:
//
//     another architecture (32 bits, x32)           refuse
//     clone3                                        "not there": libc falls back to clone
//     clone   with a new namespace                  refuse
//     kill, tgkill, prlimit of another process      refuse
//     socket  of another family                     refuse
//     each of `refusedCalls`                        refuse
//     else                                          allow
#include "runtime/peer/system-call-filter.h"
#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace roam::peer {
namespace {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
#else
#error "the numbers of system calls of this processor are not known here"
#endif

constexpr unsigned refusedCalls[] = {
    // memory and descriptors of other processes
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_process_madvise,
    SYS_pidfd_getfd,
    SYS_pidfd_send_signal,
    SYS_kcmp,
    SYS_move_pages,
    SYS_migrate_pages,
    // signals to them, and leaving the process group in which the worker is ended
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_setpgid,
    SYS_setsid,
    // their turns on processors and disks
    SYS_setpriority,
    SYS_ioprio_set,
    SYS_sched_setscheduler,
    SYS_sched_setattr,
    SYS_sched_setparam,
    // other namespaces and roots
    SYS_unshare,
    SYS_setns,
    SYS_chroot,
    SYS_pivot_root,
    SYS_mount,
    SYS_umount2,
    SYS_mount_setattr,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_open_by_handle_at,
    // calls by another way: of a ring, which no filter sees
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
    // parts of the kernel that only the system's own programs need, and that had most of its holes
    SYS_bpf,
    SYS_perf_event_open,
    SYS_userfaultfd,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_personality,
    SYS_fanotify_init,
    SYS_quotactl,
    SYS_acct,
    SYS_syslog,
    // the machine
    SYS_reboot,
    SYS_kexec_load,
    SYS_kexec_file_load,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_swapon,
    SYS_swapoff,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
#if defined(__x86_64__)
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
#endif
};

constexpr unsigned refuse = SECCOMP_RET_ERRNO | EPERM;
constexpr unsigned notThere = SECCOMP_RET_ERRNO | ENOSYS;
constexpr unsigned newNamespaces = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC |
                                   CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

/// The lower half of an argument: of all that is looked at here, the kernel reads no more.
constexpr unsigned argument(unsigned index) {
  return offsetof(seccomp_data, args) + index * sizeof(__u64);
}

class Filter {
 public:
  Filter() {
    load(offsetof(seccomp_data, arch));
    unless(architecture, refuse);
    loadNumber();
#if defined(__x86_64__)
    constexpr unsigned x32 = 0x40000000;
    add(BPF_JMP | BPF_JGE | BPF_K, x32, 0, 1);
    give(refuse);
#endif
  }

  void when(unsigned call, unsigned then) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    give(then);
  }
  /// Refused if the argument has one of these bits.
  void refuseBits(unsigned call, unsigned index, unsigned bits) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 4);
    load(argument(index));
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    give(refuse);
    loadNumber();
  }
  /// Refused if the argument is none of these.
  void onlyWith(unsigned call, unsigned index, std::initializer_list<unsigned> values) {
    auto left = static_cast<unsigned char>(values.size());
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, left + 3);
    load(argument(index));
    for (unsigned value : values)
      add(BPF_JMP | BPF_JEQ | BPF_K, value, left--, 0);
    give(refuse);
    loadNumber();
  }

  void install() {
    give(SECCOMP_RET_ALLOW);
    sock_fprog program{static_cast<unsigned short>(code_.size()), code_.data()};
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0)
      throw std::system_error(errno, std::generic_category(),
                              "this kernel filters no system calls (seccomp)");
  }

 private:
  void add(unsigned code, unsigned value, unsigned char yes = 0, unsigned char no = 0) {
    code_.push_back({static_cast<unsigned short>(code), yes, no, value});
  }
  void load(unsigned offset) {
    add(BPF_LD | BPF_W | BPF_ABS, offset);
  }
  void loadNumber() {
    load(offsetof(seccomp_data, nr));
  }
  void give(unsigned result) {
    add(BPF_RET | BPF_K, result);
  }
  void unless(unsigned value, unsigned result) {
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    give(result);
  }

  std::vector<sock_filter> code_;
};

} // namespace

void filterSystemCalls(Sandbox sandbox) {
  const auto own = static_cast<unsigned>(getpid());
  Filter filter;
  filter.when(SYS_clone3, notThere); // its flags are in memory, where a filter can't look
  filter.refuseBits(SYS_clone, 0, newNamespaces);
  filter.onlyWith(SYS_kill, 0, {own, 0});
  filter.onlyWith(SYS_tgkill, 0, {own});
  filter.onlyWith(SYS_prlimit64, 0, {own, 0});
  filter.onlyWith(SYS_sched_setaffinity, 0, {own, 0});
  if (sandbox == Sandbox::full)
    filter.onlyWith(SYS_socket, 0, {AF_UNIX});
  else
    filter.when(SYS_socket, refuse);
  for (unsigned call : refusedCalls)
    filter.when(call, refuse);
  filter.install();
}

} // namespace roam::peer
