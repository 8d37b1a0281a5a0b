// Package apitest runs a real control plane for tests: etcd, kube-apiserver, the controllers, and a stand-in for the nodes.
package apitest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// BinaryFolder is the environment variable that names the folder with the toolchain's etcd, kube-apiserver and kube-controller-manager.
const BinaryFolder = "MESH_IMAGE_BIN"

const token = "test-admin"

// controllers are those that the tests see at work.
const controllers = "namespace-controller,garbage-collector-controller,deployment-controller,replicaset-controller,statefulset-controller," +
	"job-controller,endpointslice-controller"

// Server is a control plane that belongs to one test run.
type Server struct {
	Typed   kubernetes.Interface
	Dynamic dynamic.Interface

	folder, binaries string
	address          string
	etcd             string
	api              *exec.Cmd
	others           []*exec.Cmd
	cancel           context.CancelFunc
}

// Start brings a control plane up and waits until it serves.
func Start() (*Server, error) {
	binaries := os.Getenv(BinaryFolder)
	if binaries == "" {
		return nil, fmt.Errorf("%s is not set: it must name the folder with the toolchain's etcd, kube-apiserver and kube-controller-manager (make test sets it)", BinaryFolder)
	}
	folder, err := os.MkdirTemp("", "apitest-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	server := &Server{folder: folder, binaries: binaries, cancel: cancel}
	if err := server.start(ctx); err != nil {
		server.Stop()
		return nil, err
	}
	return server, nil
}

func (server *Server) start(ctx context.Context) error {
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	server.address = "127.0.0.1:" + ports[0]
	client, peer := "http://127.0.0.1:"+ports[1], "http://127.0.0.1:"+ports[2]
	server.etcd = client
	if err := server.writeCredentials(); err != nil {
		return err
	}
	etcd, err := server.binary("etcd", "server")
	if err != nil {
		return err
	}
	if err := server.run(etcd, "etcd", "--data-dir", server.path("etcd"), "--unsafe-no-fsync", "--log-level", "error",
		"--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
		"--initial-advertise-peer-urls", peer, "--initial-cluster", "default="+peer); err != nil {
		return err
	}
	config := &rest.Config{Host: "https://" + server.address, BearerToken: token, QPS: 500, Burst: 1000}
	config.Insecure = true
	if server.Typed, err = kubernetes.NewForConfig(config); err != nil {
		return err
	}
	if server.Dynamic, err = dynamic.NewForConfig(config); err != nil {
		return err
	}
	if err := server.StartAPI(); err != nil {
		return err
	}
	manager, err := server.binary("kube-controller-manager")
	if err != nil {
		return err
	}
	if err := server.run(manager, "controller-manager", "--kubeconfig", server.path("kubeconfig"), "--leader-elect=false",
		"--controllers", controllers, "--secure-port", ports[3], "--bind-address", "127.0.0.1", "--cert-dir", server.path("certs"),
		"--kube-api-qps", "200", "--kube-api-burst", "400", "--concurrent-gc-syncs", "10"); err != nil {
		return err
	}
	go server.playNodes(ctx)
	return nil
}

// StartAPI starts the API server, again after StopAPI, and waits until it is ready.
func (server *Server) StartAPI() error {
	binary, err := server.binary("kube-apiserver")
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(server.address, ":")
	server.api, err = server.launch(binary, "apiserver", "--etcd-servers", server.etcd, "--secure-port", port, "--bind-address", "127.0.0.1",
		"--cert-dir", server.path("certs"), "--token-auth-file", server.path("tokens"), "--authorization-mode", "RBAC",
		"--service-cluster-ip-range", "10.96.0.0/16", "--service-account-issuer", "https://test", "--anonymous-auth=false",
		"--service-account-key-file", server.path("key"), "--service-account-signing-key-file", server.path("key"),
		"--disable-admission-plugins", "ServiceAccount", "--shutdown-delay-duration", "0s")
	if err != nil {
		return err
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		err := server.Typed.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
		cancel()
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			output, _ := os.ReadFile(server.path("apiserver.log"))
			return fmt.Errorf("the API server did not get ready: %w\n%s", err, tail(string(output), 20))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// StopAPI kills the API server alone: clients see refused connections.
func (server *Server) StopAPI() {
	if server.api != nil {
		_ = server.api.Process.Kill()
		_ = server.api.Wait()
		server.api = nil
	}
}

// Stop ends all of it and removes its files.
func (server *Server) Stop() {
	server.cancel()
	for _, command := range server.others {
		_ = command.Process.Kill()
		_ = command.Wait()
	}
	server.StopAPI()
	_ = os.RemoveAll(server.folder)
}

// Kubeconfig is the content of an administrator's kubeconfig.
func (server *Server) Kubeconfig() string {
	return fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "https://%s", insecure-skip-tls-verify: true}}]
users: [{name: admin, user: {token: %s}}]
contexts: [{name: test, context: {cluster: test, user: admin}}]
`, server.address, token)
}

func (server *Server) path(name string) string { return filepath.Join(server.folder, name) }

func (server *Server) writeCredentials() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(server.path("key"), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), 0o600),
		os.WriteFile(server.path("tokens"), []byte(token+",admin,admin,system:masters\n"), 0o600),
		os.WriteFile(server.path("kubeconfig"), []byte(server.Kubeconfig()), 0o600),
	)
}

func (server *Server) binary(names ...string) (string, error) {
	for _, name := range names {
		path := filepath.Join(server.binaries, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s=%s has no %s", BinaryFolder, server.binaries, names[0])
}

func (server *Server) run(binary, name string, args ...string) error {
	command, err := server.launch(binary, name, args...)
	if err == nil {
		server.others = append(server.others, command)
	}
	return err
}

func (server *Server) launch(binary, name string, args ...string) (*exec.Cmd, error) {
	log, err := os.Create(server.path(name + ".log"))
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }()
	command := exec.Command(binary, args...)
	command.Stdout, command.Stderr = log, log
	// A test run that is killed leaves no processes.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return command, onParent(command.Start)
}

// onParent runs a function on one thread that never ends: a child dies with the thread that started it.
func onParent(start func() error) error {
	parent.Do(func() {
		go func() {
			runtime.LockOSThread()
			for job := range starts {
				job.result <- job.start()
			}
		}()
	})
	job := startJob{start: start, result: make(chan error)}
	starts <- job
	return <-job.result
}

type startJob struct {
	start  func() error
	result chan error
}

var (
	parent sync.Once
	starts = make(chan startJob)
)

func freePorts(count int) ([]string, error) {
	var ports []string
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		_, port, _ := net.SplitHostPort(listener.Addr().String())
		ports = append(ports, port)
	}
	return ports, nil
}

func tail(text string, count int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-count):], "\n")
}
